// Division of causal attention into units.
#include "attention_plan.h"

#include <algorithm>

namespace bpb {
namespace cpu {

namespace {

// Rows of queries and heads in a unit: their scores with a block of keys stay in the second-level cache.
constexpr size_t kUnitRows = 96;

}  // namespace

AttentionLayout::AttentionLayout(const bpb_causal_attention& a, size_t lanes, size_t vectors)
    : panel(lanes * vectors),
      panels((a.time + panel - 1) / panel),
      width(((size_t)a.head_size + lanes - 1) / lanes * lanes),
      keys(panels * panel * (size_t)a.head_size),
      values(a.time * width) {}

AttentionPlan plan_attention(const bpb_causal_attention& a) {
  AttentionPlan plan;
  const auto position = [&](size_t i) { return a.positions ? (size_t)a.positions[i] : i; };
  std::vector<size_t> order(a.count);
  for (size_t i = 0; i < a.count; i++) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t one, size_t other) { return position(one) < position(other); });
  for (const size_t i : order) plan.queries.push_back({i, position(i) % a.time + 1});

  const size_t heads = (size_t)(a.q_heads / a.kv_heads);
  const size_t most = std::max<size_t>(1, kUnitRows / heads);
  std::vector<AttentionUnit> units;
  for (size_t from = 0; from < a.count;) {
    const size_t sequence = position(order[from]) / a.time;
    size_t to = from;
    while (to < a.count && to - from < most && position(order[to]) / a.time == sequence) to++;
    for (size_t head = 0; head < (size_t)a.kv_heads; head++) {
      units.push_back({sequence, head, from, to});
    }
    from = to;
  }
  const auto work = [&](const AttentionUnit& unit) {
    return (unit.to - unit.from) * plan.queries[unit.to - 1].limit;
  };
  std::stable_sort(units.begin(), units.end(),
                   [&](const auto& one, const auto& other) { return work(one) > work(other); });
  for (size_t i = 0; i < units.size(); i++) {
    plan.units.push_back(i % 2 == 0 ? units[i / 2] : units[units.size() - 1 - i / 2]);
  }
  return plan;
}

}  // namespace cpu
}  // namespace bpb
