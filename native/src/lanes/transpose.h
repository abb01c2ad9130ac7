// Transposition of W vectors of W lanes.
//
// Beyond lanes.h, in each block of four lanes:
//   interleave_low, interleave_high (a, b)   a0 b0 a1 b1; a2 b2 a3 b3
//   pair_low, pair_high (a, b)               a0 a1 b0 b1; a2 a3 b2 b3
// and of whole blocks:
//   even_blocks, odd_blocks (a, b)           those of even, of odd place in a, then in b
#ifndef BPB_LANES_TRANSPOSE_H_
#define BPB_LANES_TRANSPOSE_H_

#include "lanes.h"

namespace {

// Blocks of vectors that are kDistance apart, as a matrix of W/4 x W/4 blocks, in log2(W/4) steps.
template <class L, size_t kDistance>
inline void transpose_blocks(typename L::Vec (&x)[L::W]) {
  if constexpr (kDistance < L::W) {
#pragma GCC unroll 16
    for (size_t i = 0; i < L::W; i++) {
      if ((i & kDistance) != 0) continue;
      const auto a = x[i], b = x[i + kDistance];
      x[i] = L::even_blocks(a, b);
      x[i + kDistance] = L::odd_blocks(a, b);
    }
    transpose_blocks<L, 2 * kDistance>(x);
  }
}

template <class L>
inline void transpose(typename L::Vec (&x)[L::W]) {
#pragma GCC unroll 4
  for (size_t i = 0; i < L::W; i += 4) {
    const auto a = L::interleave_low(x[i], x[i + 1]), b = L::interleave_high(x[i], x[i + 1]);
    const auto c = L::interleave_low(x[i + 2], x[i + 3]);
    const auto d = L::interleave_high(x[i + 2], x[i + 3]);
    x[i] = L::pair_low(a, c);
    x[i + 1] = L::pair_high(a, c);
    x[i + 2] = L::pair_low(b, d);
    x[i + 3] = L::pair_high(b, d);
  }
  transpose_blocks<L, 4>(x);
}

}  // namespace

#endif  // BPB_LANES_TRANSPOSE_H_
