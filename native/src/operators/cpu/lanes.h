// Element types of activations, as tags for the lanes' loads and stores.
//
// Lanes, one struct for each instruction set, give W fp32 lanes: Vec, load<T> and store<T> of W elements or of the
// first `count` (a load fills with zeros), set, add, sub, mul, div, madd (a*b+c, fused where that is free), max,
// abs, round, scale, select_negative (by the sign of the first), sum. max gives its SECOND operand when one is
// NaN. A store rounds to nearest even; beyond the type's range it is infinite.
#ifndef BPB_OPERATORS_CPU_LANES_H_
#define BPB_OPERATORS_CPU_LANES_H_

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Internal linkage: the including files are compiled for different instruction sets.
namespace {

struct F32 {
  using Stored = float;
};
struct F16 {
  using Stored = uint16_t;
};
struct BF16 {
  using Stored = uint16_t;
};

}  // namespace

#endif  // BPB_OPERATORS_CPU_LANES_H_
