// Scores of a tile of causal attention against a block of keys.
#ifndef BPB_OPERATORS_CPU_ATTENTION_SCORES_H_
#define BPB_OPERATORS_CPU_ATTENTION_SCORES_H_

#include "attention_tile.h"

namespace {

// R keys, from `key` on, against the N vectors from `first` on, into rows from `row` on. Not inlined: its sums need
// all registers.
template <class L, int R, int N, bool kMasked>
__attribute__((noinline)) void score_tile(AttentionState<L>& state, const float* k, size_t stride,
                                          size_t key, size_t row, int first, typename L::Vec* top) {
  using Vec = typename L::Vec;
  Vec acc[R][N];
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) acc[r][n] = L::set(0);
  }
  const float* q = state.place(state.q, 0, first);
  for (size_t d = 0; d < state.size; d++, q += state.kLanes) {
    Vec b[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) b[n] = L::template load<F32>(q + n * L::W);
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
      const Vec x = L::set(k[(size_t)r * stride + d]);
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) acc[r][n] = L::madd(x, b[n], acc[r][n]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
    const Vec own = L::set((float)(key + (size_t)r));
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) {
      Vec s = acc[r][n];
      if (kMasked) s = L::where_above(state.limit[first + n], own, s, L::set(-INFINITY));
      top[first + n] = L::max(top[first + n], s);
      state.store(state.s, row + (size_t)r, first + n, s);
    }
  }
}

template <class L, int R, bool kMasked>
inline void score_rows(AttentionState<L>& state, const float* k, size_t stride, size_t key,
                       size_t row, int first, typename L::Vec* top) {
  const int n = state.vectors - first;
  if (n == 3) return score_tile<L, R, 3, kMasked>(state, k, stride, key, row, first, top);
  if (n == 2) return score_tile<L, R, 2, kMasked>(state, k, stride, key, row, first, top);
  score_tile<L, R, 1, kMasked>(state, k, stride, key, row, first, top);
}

template <class L, int R>
inline void score_keys(AttentionState<L>& state, const AttentionKeys& keys, size_t key, size_t row,
                       typename L::Vec* top) {
  const int first = state.first_vector(key);
  const float* k = keys.k + key * keys.stride;
  if (state.first_limit(first) >= key + R) {
    score_rows<L, R, false>(state, k, keys.stride, key, row, first, top);
  } else {
    score_rows<L, R, true>(state, k, keys.stride, key, row, first, top);
  }
}

// Scores of the keys `begin` to `end`, in base 2, into state.s; and each query's largest of them, or of `top`.
template <class L>
inline void score_block(AttentionState<L>& state, const AttentionKeys& keys, size_t begin,
                        size_t end, typename L::Vec* top) {
  size_t key = begin;
  for (; key + kRows<L> <= end; key += kRows<L>) {
    score_keys<L, kRows<L>>(state, keys, key, key - begin, top);
  }
  for (; key < end; key++) score_keys<L, 1>(state, keys, key, key - begin, top);
}

}  // namespace

#endif  // BPB_OPERATORS_CPU_ATTENTION_SCORES_H_
