// Causal attention, written once over the lanes `L`; each attention_*.cc instantiates it.
//
// The queries of a unit meet the keys in blocks, up to the last key that one of them reads: scores, running maximum
// and sum, weighted values (online softmax: Milakov and Gimelshein 2018, arXiv:1805.02867). The work of what the
// mask removes is left out to within one vector of keys.
#ifndef BPB_OPERATORS_CPU_ATTENTION_H_
#define BPB_OPERATORS_CPU_ATTENTION_H_

#include <algorithm>
#include <vector>

#include "../../exp_nonpositive.h"
#include "attention_plan.h"
#include "multiply.h"

namespace {

using bpb::cpu::AttentionLayout;
using bpb::cpu::AttentionPlan;
using bpb::cpu::AttentionQuery;
using bpb::cpu::AttentionUnit;

// Keys that the scores of a unit are computed for at once, and those whose values stay in the first-level cache.
constexpr size_t kBlock = 256, kValues = 128;
// Floats from one row of scores to the next: no power of two, or rows would share a few sets of the cache.
constexpr size_t kStride = kBlock + 16;

template <class L>
AttentionLayout layout_of(const bpb_causal_attention& a) {
  return AttentionLayout(a, L::W, Tile<L>::kVectors);
}

// Keys in panels [head_size, panel], so that a vector holds one channel of neighboring keys; values row by row.
template <class L>
void pack(const bpb_causal_attention& a, size_t sequence, size_t head, float* keys, float* values) {
  const AttentionLayout layout = layout_of<L>(a);
  const size_t size = (size_t)a.head_size, stride = (size_t)a.kv_heads * size;
  const size_t start = sequence * a.time * stride + head * size;
  std::fill(keys + (layout.panels - 1) * layout.panel * size, keys + layout.keys, 0.0f);
  for (size_t t = 0; t < a.time; t++) {
    const float* k = a.k + start + t * stride;
    float* to = keys + t / layout.panel * layout.panel * size + t % layout.panel;
    for (size_t c = 0; c < size; c++) to[c * layout.panel] = k[c];
    float* row = values + t * layout.width;
    memcpy(row, a.v + start + t * stride, size * sizeof(float));
    std::fill(row + size, row + layout.width, 0.0f);
  }
}

template <class L>
class Unit {
 public:
  Unit(const bpb_causal_attention& a, const AttentionPlan& plan, const AttentionUnit& unit)
      : a_(a),
        layout_(layout_of<L>(a)),
        queries_(plan.queries.data() + unit.from),
        size_((size_t)a.head_size),
        heads_((size_t)(a.q_heads / a.kv_heads)),
        rows_((unit.to - unit.from) * heads_),
        first_head_(unit.kv_head * heads_),
        q_(scratch(rows_ * (size_ + kStride + layout_.width))),
        scores_(q_ + rows_ * size_),
        sums_(scores_ + rows_ * kStride),
        state_(rows_, State{-INFINITY, 0, 0}) {
    std::fill(sums_, sums_ + rows_ * layout_.width, 0.0f);
    for (size_t r = 0; r < rows_; r++) {
      const float* q = a.q + place(r);
      for (size_t c = 0; c < size_; c++) q_[r * size_ + c] = q[c] * a.scale;
    }
  }

  void run(const float* keys, const float* values) {
    const size_t last = limit(rows_ - 1);
    for (size_t start = 0; start < last; start += kBlock) {
      const size_t end = std::min(start + kBlock, last);
      score(keys, start, end);
      for (size_t r = 0; r < rows_; r++) weigh(r, start, end);
      add_values(values, start, end);
    }
    finish();
  }

 private:
  struct State {
    float largest, total;  // of the scores so far; of their exponentials
    size_t count;          // keys of the block that the row reads
  };

  // Rows of the unit are the heads of the first query, those of the next, and so on: limits ascend.
  const AttentionQuery& query(size_t row) const { return queries_[row / heads_]; }
  size_t limit(size_t row) const { return query(row).limit; }
  size_t place(size_t row) const {
    const size_t head = first_head_ + row % heads_;
    return (query(row).index * (size_t)a_.q_heads + head) * size_;
  }

  void score(const float* keys, size_t start, size_t end) {
    const size_t panel = layout_.panel;
    for (size_t p = start / panel; p * panel < end; p++) {
      for (size_t r = 0; r < rows_; r += Tile<L>::kRows) {
        const size_t rows = std::min<size_t>(Tile<L>::kRows, rows_ - r);
        const size_t most = std::min(end, limit(r + rows - 1));
        if (most <= p * panel) continue;
        const size_t vectors = std::min(panel, most - p * panel + L::W - 1) / L::W;
        multiply<L, false>((int)rows, (int)vectors, q_ + r * size_, size_, keys + p * panel * size_,
                           panel, size_, scores_ + r * kStride + (p * panel - start), kStride);
      }
    }
  }

  // Scores of a row to exp(score - largest), with what was summed before brought to the new largest.
  void weigh(size_t r, size_t start, size_t end) {
    State& state = state_[r];
    state.count = std::min(end, std::max(start, limit(r))) - start;
    if (state.count == 0) return;
    float* row = scores_ + r * kStride;
    const size_t whole = state.count / L::W * L::W, rest = state.count - whole;
    auto top = L::set(state.largest);
    for (size_t i = 0; i < whole; i += L::W) top = L::max(top, L::template load<F32>(row + i));
    // Where a score is NaN the sum will be, whatever is taken for the largest.
    float largest = L::largest(top);
    for (size_t i = whole; i < state.count; i++) {
      if (!(largest >= row[i])) largest = row[i];
    }
    const auto shift = L::set(largest);
    auto total = L::set(0);
    for (size_t i = 0; i < whole; i += L::W) {
      const auto e = exp_nonpositive<L>(L::sub(L::template load<F32>(row + i), shift));
      total = L::add(total, e);
      L::template store<F32>(row + i, e);
    }
    if (rest > 0) {
      // Lanes beyond the keys get what is there in the block: nothing reads it.
      const auto e = exp_nonpositive<L>(L::sub(L::template load<F32>(row + whole, rest), shift));
      L::template store<F32>(row + whole, e, rest);
      total = L::add(total, L::template load<F32>(row + whole, rest));
    }
    if (start == 0) {
      state = {largest, L::sum(total), state.count};
      return;
    }
    const auto factor = exp_nonpositive<L>(L::sub(L::set(state.largest), shift));
    float factors[L::W];
    L::template store<F32>(factors, factor);
    state = {largest, state.total * factors[0] + L::sum(total), state.count};
    if (factors[0] == 1) return;
    float* sums = sums_ + r * layout_.width;
    for (size_t i = 0; i < layout_.width; i += L::W) {
      L::template store<F32>(sums + i, L::mul(L::template load<F32>(sums + i), factor));
    }
  }

  void add_values(const float* values, size_t start, size_t end) {
    for (size_t from = 0; from < end - start; from += kValues) {
      for (size_t r = 0; r < rows_; r += Tile<L>::kRows) {
        const size_t rows = std::min<size_t>(Tile<L>::kRows, rows_ - r);
        // What all of the rows read, and then what each reads alone: a weight of zero times a NaN is a NaN.
        const size_t common = within(state_[r].count, from);
        add(values, start, from, common, r, rows);
        for (size_t k = r; k < r + rows; k++) {
          const size_t own = within(state_[k].count, from);
          if (own > common) add(values, start, from + common, own - common, k, 1);
        }
      }
    }
  }

  static size_t within(size_t count, size_t from) {
    return count <= from ? 0 : std::min(kValues, count - from);
  }

  void add(const float* values, size_t start, size_t from, size_t depth, size_t r, size_t rows) {
    if (depth == 0) return;
    const size_t width = layout_.width, step = Tile<L>::kVectors * L::W;
    for (size_t c = 0; c < width; c += step) {
      multiply<L, true>((int)rows, (int)(std::min(step, width - c) / L::W),
                        scores_ + r * kStride + from, kStride, values + (start + from) * width + c,
                        width, depth, sums_ + r * width + c, width);
    }
  }

  void finish() {
    for (size_t r = 0; r < rows_; r++) {
      const float* sums = sums_ + r * layout_.width;
      float* y = a_.y + place(r);
      for (size_t c = 0; c < size_; c++) y[c] = sums[c] / state_[r].total;
    }
  }

  // Kept from unit to unit: a fresh allocation would be fresh pages each time.
  static float* scratch(size_t floats) {
    thread_local std::vector<float> memory;
    if (memory.size() < floats) memory.resize(floats);
    return memory.data();
  }

  const bpb_causal_attention& a_;
  const AttentionLayout layout_;
  const AttentionQuery* queries_;
  const size_t size_, heads_, rows_, first_head_;
  float *const q_, *const scores_, *const sums_;
  std::vector<State> state_;
};

}  // namespace

// Defines the kernels of one instruction set, under the names of kernels_isa.h.
#define BPB_ATTENTION_KERNELS(isa, L)                                                            \
  AttentionLayout attention_layout_##isa(const bpb_causal_attention& a) {                        \
    return layout_of<L>(a);                                                                      \
  }                                                                                              \
  void attention_pack_##isa(const bpb_causal_attention& a, size_t sequence, size_t head,         \
                            float* keys, float* values) {                                        \
    pack<L>(a, sequence, head, keys, values);                                                    \
  }                                                                                              \
  void attention_unit_##isa(const bpb_causal_attention& a, const AttentionPlan& plan,            \
                            const AttentionUnit& unit, const float* keys, const float* values) { \
    Unit<L>(a, plan, unit).run(keys, values);                                                    \
  }

#endif  // BPB_OPERATORS_CPU_ATTENTION_H_
