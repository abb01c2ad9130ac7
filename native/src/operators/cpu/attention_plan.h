// Division of causal attention into units that threads take, and the memory that they share.
#ifndef BPB_OPERATORS_CPU_ATTENTION_PLAN_H_
#define BPB_OPERATORS_CPU_ATTENTION_PLAN_H_

#include <vector>

#include "../operators.h"

namespace bpb {
namespace cpu {

// A query: its row in q, and how many keys of its sequence it reads.
struct AttentionQuery {
  size_t index, limit;
};

// Queries of one sequence, in the order of their positions, with the heads that read one key head.
struct AttentionUnit {
  size_t sequence, kv_head;
  size_t from, to;  // of AttentionPlan::queries
};

struct AttentionPlan {
  std::vector<AttentionQuery> queries;
  std::vector<AttentionUnit> units;
};

// The whole of it; units that stand side by side are long and short in turn, so that every range of them takes
// about as long. Positions must be within rows * time.
AttentionPlan plan_attention(const bpb_causal_attention& arguments);

// Keys and values of a (sequence, key head) in the order in which the products read them.
struct AttentionLayout {
  size_t panel;   // keys beside each other in a panel [head_size, panel]
  size_t panels;  // of a sequence
  size_t width;   // of a row of values: head_size, filled up with zeros to whole vectors
  size_t keys;    // floats of one (sequence, key head)
  size_t values;

  AttentionLayout(const bpb_causal_attention& arguments, size_t lanes, size_t vectors);
};

}  // namespace cpu
}  // namespace bpb

#endif  // BPB_OPERATORS_CPU_ATTENTION_PLAN_H_
