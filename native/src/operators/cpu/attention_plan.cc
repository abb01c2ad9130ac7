// Division of causal attention into units.
#include "attention_plan.h"

#include <algorithm>
#include <numeric>

namespace bpb {
namespace cpu {

AttentionPlan::AttentionPlan(const bpb_causal_attention& arguments, size_t lanes)
    : arguments_(arguments), group_((size_t)(arguments.q_heads / arguments.kv_heads)) {
  const size_t count = arguments.count;
  if (arguments.positions != nullptr &&
      !std::is_sorted(arguments.positions, arguments.positions + count)) {
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::stable_sort(order_.begin(), order_.end(),
                     [&](size_t a, size_t b) { return position(a) < position(b); });
  }
  const auto row_of = [&](size_t at) { return position(query(at * group_)) / arguments.time; };
  for (size_t begin = 0; begin < count;) {
    const size_t row = row_of(begin);
    size_t end = begin + 1;
    while (end < count && row_of(end) == row) end++;
    // From the end, so that the tile that is not full has the fewest keys.
    std::vector<AttentionTile> tiles;
    for (size_t to = end * group_; to > begin * group_;) {
      const size_t from = to - std::min(lanes, to - begin * group_);
      tiles.push_back({row, from, to});
      to = from;
    }
    for (size_t i = 0; i < tiles.size(); i++) {
      tiles_.push_back(i % 2 == 0 ? tiles[i / 2] : tiles[tiles.size() - 1 - i / 2]);
    }
    begin = end;
  }
}

}  // namespace cpu
}  // namespace bpb
