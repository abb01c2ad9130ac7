// Element types, and what every instruction set's vectors ("lanes") can do.
//
// Kernels are written once over a struct `L` of avx512.h, avx2.h or portable.h, which computes on W fp32 lanes:
//
//   load<T>, store<T>   of W elements of type T at any address, or of the first `count`, at most W: a load fills with
//                       zeros. A store rounds to nearest even; beyond the type's range it is infinite.
//   set, add, sub, mul, div, abs, copysign, round (to an integer), scale (a 2^n)
//   fma, madd           a b + c: with one rounding; fused where that is free
//   min, max            the SECOND operand where one is NaN: with the running value or the limit first, a NaN
//                       reaches the result without a test of its own
//   where_above, where_at_most (a, b, yes, no)     yes where a > b, a <= b; no where one is NaN
//   where_negative (sign, yes, no)                 by the sign bit
//   madd_above (a, b, x, y, z)                     where_above(a, b, madd(x, y, z), z)
//   any_above (a, b), first (a, count, otherwise): `otherwise` in the other lanes
//   sum                 of the lanes, in an order of its own
//   wide_*              sums in fp64: wide_add(total, a) adds pairs of lanes
//   power_of_two        2^(n - 127) for an integer n of [0, 254] in the last bits of a lane, whatever the others are
//   interleave_*, pair_*, even_blocks, odd_blocks: transpose.h
#ifndef BPB_LANES_LANES_H_
#define BPB_LANES_LANES_H_

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Internal linkage throughout lanes/: the including files are compiled for different instruction sets, and a shared
// inline function would end up in the one that the linker happened to keep.
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

#endif  // BPB_LANES_LANES_H_
