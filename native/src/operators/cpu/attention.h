// Causal attention of a tile of queries, written once over the lanes `L`; each attention_*.cc instantiates it.
//
// Scores, weights and sums stand with queries in the lanes: S[key][query], O[element][query]. So the maximum and
// the sum of a query need no exchange between lanes, and keys and values are read as they lie, one element at a
// time for all queries of a tile. Keys come in blocks; with a running maximum what was summed before is scaled
// when the maximum grows (Milakov and Gimelshein 2018, arXiv:1805.02867; Dao et al. 2022, arXiv:2205.14135).
#ifndef BPB_OPERATORS_CPU_ATTENTION_H_
#define BPB_OPERATORS_CPU_ATTENTION_H_

#include "attention_queries.h"
#include "attention_scores.h"
#include "attention_sums.h"

namespace {

template <class L>
void attention_tile(const AttentionPlan& plan, const AttentionTile& tile, size_t head,
                    const AttentionKeys& keys) {
  AttentionState<L> state(plan, tile, head);
  read_queries(state);
  const size_t count = state.last_limit(state.vectors - 1);
  for (size_t begin = 0; begin < count; begin += kBlock) {
    const size_t end = std::min(count, begin + kBlock);
    const int first = state.first_vector(begin);
    typename L::Vec top[kVectors];
    for (auto& each : top) each = L::set(-INFINITY);
    score_block(state, keys, begin, end, top);
    for (int v = first; v < state.vectors; v++) weigh_block(state, v, begin, end, top[v]);
    sum_block(state, keys, begin, end);
  }
  write_outputs(state);
}

}  // namespace

// Defines the kernels of one instruction set, under the names of kernels_isa.h.
#define BPB_ATTENTION_KERNELS(isa, L)                                                          \
  size_t attention_lanes_##isa() { return AttentionState<L>::kLanes; }                         \
  void attention_tile_##isa(const AttentionPlan& plan, const AttentionTile& tile, size_t head, \
                            const AttentionKeys& keys) {                                       \
    attention_tile<L>(plan, tile, head, keys);                                                 \
  }

#endif  // BPB_OPERATORS_CPU_ATTENTION_H_
