// Division of causal attention into units that threads can compute in any order.
#ifndef BPB_OPERATORS_CPU_ATTENTION_PLAN_H_
#define BPB_OPERATORS_CPU_ATTENTION_PLAN_H_

#include <vector>

#include "../operators.h"

namespace bpb {
namespace cpu {

// Lanes are pairs of a query and a head, of those that read one key head: all heads of a query, then those of the
// next. Queries are in ascending order of their positions.
struct AttentionTile {
  size_t row;       // of keys
  size_t from, to;  // lanes
};

// Keys and values of a row and a key head.
struct AttentionKeys {
  const float *k, *v;
  size_t stride;  // elements from one key to the next
};

class AttentionPlan {
 public:
  // `lanes` at most in a tile; positions must be valid, and `arguments` outlive the plan.
  AttentionPlan(const bpb_causal_attention& arguments, size_t lanes);

  const bpb_causal_attention& arguments() const { return arguments_; }
  // Tiles of many keys and of few in turn, so that every range of them takes about as long.
  const std::vector<AttentionTile>& tiles() const { return tiles_; }
  // Query heads that read one key head.
  size_t group() const { return group_; }
  size_t query(size_t lane) const {
    const size_t at = lane / group_;
    return order_.empty() ? at : order_[at];
  }
  size_t position(size_t query) const {
    return arguments_.positions != nullptr ? (size_t)arguments_.positions[query] : query;
  }
  // Keys that a query reads.
  size_t limit(size_t query) const { return position(query) % arguments_.time + 1; }

 private:
  const bpb_causal_attention& arguments_;
  const size_t group_;
  std::vector<size_t> order_;  // queries by position; empty where they are in order
  std::vector<AttentionTile> tiles_;
};

}  // namespace cpu
}  // namespace bpb

#endif  // BPB_OPERATORS_CPU_ATTENTION_PLAN_H_
