// Weights of a block of causal attention, and sums of values with them.
#ifndef BPB_OPERATORS_CPU_ATTENTION_SUMS_H_
#define BPB_OPERATORS_CPU_ATTENTION_SUMS_H_

#include <float.h>

#include "../../lanes/exponential.h"
#include "attention_tile.h"

namespace {

// Scores of a vector of queries to weights; what was summed before is scaled to the new maximum.
template <class L>
inline void weigh_block(AttentionState<L>& state, int v, size_t begin, size_t end,
                        typename L::Vec top) {
  using Vec = typename L::Vec;
  top = L::max(state.top[v], top);
  // Without a finite score yet, -inf less -inf would be NaN.
  const Vec base = L::max(L::set(-FLT_MAX), top);
  const Vec scale = exp2_nonpositive<L>(L::sub(state.top[v], base));
  state.top[v] = top;
  const size_t count = std::min(end, state.last_limit(v)) - begin;
  Vec sums[4] = {L::set(0), L::set(0), L::set(0), L::set(0)};
  const auto weight = [&](size_t row) {
    const Vec w = exp2_nonpositive<L>(L::sub(state.load(state.s, row, v), base));
    state.store(state.s, row, v, w);
    return w;
  };
  size_t row = 0;
  for (; row + 4 <= count; row += 4) {
    for (size_t i = 0; i < 4; i++) sums[i] = L::add(sums[i], weight(row + i));
  }
  for (size_t i = 0; row < count; row++, i++) sums[i] = L::add(sums[i], weight(row));
  const Vec all = L::add(L::add(sums[0], sums[1]), L::add(sums[2], sums[3]));
  state.sum[v] = L::madd(state.sum[v], scale, all);
  for (size_t d = 0; d < state.size; d++) {
    state.store(state.o, d, v, L::mul(state.load(state.o, d, v), scale));
  }
}

// Some keys of a block, their values, and the first vector of queries that sees them.
struct SummedKeys {
  const float* values;
  size_t stride;  // elements from one key to the next
  size_t key, count;
  size_t row;  // of their weights
  int first;
};

// R elements of the values, from `d` on, times the weights of N vectors.
template <class L, int R, int N, bool kMasked>
__attribute__((noinline)) void sum_tile(AttentionState<L>& state, const SummedKeys& keys,
                                        size_t d) {
  using Vec = typename L::Vec;
  const int first = keys.first;
  Vec acc[R][N];
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) acc[r][n] = state.load(state.o, d + (size_t)r, first + n);
  }
  const float* p = state.place(state.s, keys.row, first);
  const float* values = keys.values + d;
  const size_t stride = keys.stride, count = keys.count;
  for (size_t i = 0; i < count; i++, p += state.kLanes, values += stride) {
    Vec b[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) b[n] = L::template load<F32>(p + n * L::W);
    const Vec own = L::set((float)(keys.key + i));
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
      const Vec x = L::set(values[r]);
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) {
        if (kMasked) {
          acc[r][n] = L::madd_above(state.limit[first + n], own, x, b[n], acc[r][n]);
        } else {
          acc[r][n] = L::madd(x, b[n], acc[r][n]);
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) state.store(state.o, d + (size_t)r, first + n, acc[r][n]);
  }
}

template <class L, int R, bool kMasked>
inline void sum_rows(AttentionState<L>& state, const SummedKeys& keys, size_t d) {
  const int n = state.vectors - keys.first;
  if (n == 3) return sum_tile<L, R, 3, kMasked>(state, keys, d);
  if (n == 2) return sum_tile<L, R, 2, kMasked>(state, keys, d);
  sum_tile<L, R, 1, kMasked>(state, keys, d);
}

template <class L, bool kMasked>
inline void sum_keys(AttentionState<L>& state, const SummedKeys& keys) {
  size_t d = 0;
  for (; d + kRows<L> <= state.size; d += kRows<L>) sum_rows<L, kRows<L>, kMasked>(state, keys, d);
  for (; d < state.size; d++) sum_rows<L, 1, kMasked>(state, keys, d);
}

// Adds the values of the keys `begin` to `end`, times their weights, to state.o. A weight of 0 does not do for a key
// that a query may not see: 0 times NaN is NaN.
template <class L>
inline void sum_block(AttentionState<L>& state, const AttentionKeys& keys, size_t begin,
                      size_t end) {
  for (size_t key = begin; key < end;) {
    const int first = state.first_vector(key);
    const size_t all = state.first_limit(first);
    const size_t stop = std::min(end, key < all ? all : state.last_limit(first));
    const SummedKeys some = {
        keys.v + key * keys.stride, keys.stride, key, stop - key, key - begin, first};
    if (key < all) {
      sum_keys<L, false>(state, some);
    } else {
      sum_keys<L, true>(state, some);
    }
    key = stop;
  }
}

}  // namespace

#endif  // BPB_OPERATORS_CPU_ATTENTION_SUMS_H_
