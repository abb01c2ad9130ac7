// What the operators' shares of work have in common: sizes, alignment, lanes and blocks.
#ifndef BPB_CUDA_OPERATORS_LAYOUT_H_
#define BPB_CUDA_OPERATORS_LAYOUT_H_

#include "../../operators/operators.h"
#include "../elements.h"
#include "../schedule.h"

namespace bpb {
namespace cuda {

inline size_t element_size(bpb_type type) { return type == BPB_FP32 ? 4 : 2; }

// Whether numbers that were ORed together are all multiples of a vector's 16 bytes.
inline bool on_vectors(uintptr_t together) { return together % sizeof(Vector) == 0; }

// Lanes for so many shares of a row: 2^n up to a warp's 32, else whole warps.
inline uint32_t lanes_for_pieces(uint32_t shares) {
  if (shares > 32) return (shares + 31) / 32 * 32;
  uint32_t lanes = 1;
  while (lanes < shares) lanes *= 2;
  return lanes;
}

// Division of numbers below 2^31 by a divisor in [1, 2^31), as a product and a shift (Granlund and Montgomery 1994,
// https://doi.org/10.1145/178243.178249): the device has no instruction for it, and takes 20 in its place.
struct Divider {
  uint32_t divisor, factor, shift;

  BPB_HD uint32_t quotient(uint32_t x) const { return (uint32_t)((uint64_t)x * factor >> shift); }
  BPB_HD uint32_t rest(uint32_t x) const { return x - quotient(x) * divisor; }
};

inline Divider divide_by(uint32_t divisor) {
  uint32_t bits = 0;
  while ((uint64_t)1 << bits < divisor) ++bits;
  const uint64_t power = (uint64_t)1 << (31 + bits);
  return {divisor, (uint32_t)((power + divisor - 1) / divisor), 31 + bits};
}

// The n of 2^n, or less where it is none.
inline uint32_t bits_below(uint32_t x) {
  uint32_t bits = 0;
  while (x >> (bits + 1) != 0) ++bits;
  return bits;
}

inline uint32_t blocks_for(size_t count, size_t each) {
  return (uint32_t)((count + each - 1) / each);
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_OPERATORS_LAYOUT_H_
