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

inline uint32_t blocks_for(size_t count, size_t each) {
  return (uint32_t)((count + each - 1) / each);
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_OPERATORS_LAYOUT_H_
