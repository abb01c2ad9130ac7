// Queries and outputs of a tile of causal attention, from and to the rows of q and y.
#ifndef BPB_OPERATORS_CPU_ATTENTION_QUERIES_H_
#define BPB_OPERATORS_CPU_ATTENTION_QUERIES_H_

#include "../../lanes/transpose.h"
#include "attention_tile.h"

namespace {

// Queries, times scale and log2(e), with an element of all queries in a row; nothing is summed yet.
template <class L>
inline void read_queries(AttentionState<L>& state) {
  using Vec = typename L::Vec;
  // In two parts: rounded to fp32, the factor would be off by the same for all scores.
  const double factor = (double)state.arguments.scale * 1.4426950408889634;
  const Vec high = L::set((float)factor);
  const Vec low = L::set((float)(factor - (double)(float)factor));
  for (int v = 0; v < state.vectors; v++) {
    const float* rows[L::W];
    float limits[L::W];
    for (size_t i = 0; i < L::W; i++) {
      // Lanes beyond the last do what the last one does.
      const size_t lane = std::min(state.tile.from + (size_t)v * L::W + i, state.tile.to - 1);
      const size_t keys = state.plan.limit(state.plan.query(lane));
      rows[i] = state.arguments.q + state.offset_of(lane);
      state.limits[(size_t)v * L::W + i] = keys;
      limits[i] = (float)keys;
    }
    state.limit[v] = L::template load<F32>(limits);
    state.top[v] = L::set(-INFINITY);
    state.sum[v] = L::set(0);
    for (size_t d = 0; d < state.size; d += L::W) {
      const size_t count = std::min(L::W, state.size - d);
      Vec x[L::W];
#pragma GCC unroll 16
      for (size_t i = 0; i < L::W; i++) {
        x[i] = L::template load<F32>(rows[i] + d, count);
        x[i] = L::madd(x[i], high, L::mul(x[i], low));
      }
      transpose<L>(x);
#pragma GCC unroll 16
      for (size_t i = 0; i < count; i++) {
        state.store(state.q, d + i, v, x[i]);
        state.store(state.o, d + i, v, L::set(0));
      }
    }
  }
}

// The sums over the sum of the weights.
template <class L>
inline void write_outputs(const AttentionState<L>& state) {
  using Vec = typename L::Vec;
  for (int v = 0; v < state.vectors; v++) {
    // A query all of whose scores are -inf has no weights.
    const Vec inverse = L::where_above(state.top[v], L::set(-INFINITY),
                                       L::div(L::set(1), state.sum[v]), L::set(NAN));
    const size_t from = state.tile.from + (size_t)v * L::W;
    const size_t lanes = std::min(L::W, state.tile.to - from);
    float* rows[L::W];
    for (size_t i = 0; i < lanes; i++) rows[i] = state.arguments.y + state.offset_of(from + i);
    for (size_t d = 0; d < state.size; d += L::W) {
      const size_t count = std::min(L::W, state.size - d);
      Vec x[L::W];
#pragma GCC unroll 16
      for (size_t i = 0; i < L::W; i++) {
        x[i] = i < count ? L::mul(state.load(state.o, d + i, v), inverse) : L::set(0);
      }
      transpose<L>(x);
#pragma GCC unroll 16
      for (size_t i = 0; i < lanes; i++) L::template store<F32>(rows[i] + d, x[i], count);
    }
  }
}

}  // namespace

#endif  // BPB_OPERATORS_CPU_ATTENTION_QUERIES_H_
