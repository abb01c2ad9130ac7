// Choice of the kernels' instruction set at run time.
#include "kernels.h"

#include "kernels_isa.h"

namespace bpb {
namespace cpu {

#ifdef BPB_X86
#define BPB_CHOOSE(name)                                            \
  if (isa == BPB_AVX512) return name##_avx512(arguments, from, to); \
  if (isa == BPB_AVX2) return name##_avx2(arguments, from, to);     \
  name##_portable(arguments, from, to);
#else
#define BPB_CHOOSE(name) \
  (void)isa;             \
  name##_portable(arguments, from, to);
#endif

void sum_norm(bpb_isa isa, const bpb_sum_norm& arguments, size_t from, size_t to) {
  BPB_CHOOSE(sum_norm)
}

void split_norm_rotary(bpb_isa isa, const bpb_split_norm_rotary& arguments, size_t from,
                       size_t to) {
  BPB_CHOOSE(split_norm_rotary)
}

void squared_relu(bpb_isa isa, const bpb_squared_relu& arguments, size_t from, size_t to) {
  BPB_CHOOSE(squared_relu)
}

void swiglu(bpb_isa isa, const bpb_swiglu& arguments, size_t from, size_t to) { BPB_CHOOSE(swiglu) }

namespace {

struct Attention {
  AttentionLayout (*layout)(const bpb_causal_attention&);
  void (*pack)(const bpb_causal_attention&, size_t, size_t, float*, float*);
  void (*unit)(const bpb_causal_attention&, const AttentionPlan&, const AttentionUnit&,
               const float*, const float*);
};

Attention attention_of(bpb_isa isa) {
#ifdef BPB_X86
  if (isa == BPB_AVX512) {
    return {attention_layout_avx512, attention_pack_avx512, attention_unit_avx512};
  }
  if (isa == BPB_AVX2) return {attention_layout_avx2, attention_pack_avx2, attention_unit_avx2};
#endif
  (void)isa;
  return {attention_layout_portable, attention_pack_portable, attention_unit_portable};
}

}  // namespace

void causal_attention(bpb_isa isa, const bpb_causal_attention& arguments, const ForEach& for_each,
                      std::vector<float>& memory) {
  const Attention attention = attention_of(isa);
  const AttentionPlan plan = plan_attention(arguments);
  const AttentionLayout layout = attention.layout(arguments);
  const size_t heads = (size_t)arguments.kv_heads, both = layout.keys + layout.values;
  const size_t pairs = arguments.rows * heads;
  if (memory.size() < pairs * both) memory.resize(pairs * both);
  const auto keys = [&](size_t pair) { return memory.data() + pair * both; };
  for_each(pairs, [&](size_t pair) {
    attention.pack(arguments, pair / heads, pair % heads, keys(pair), keys(pair) + layout.keys);
  });
  for_each(plan.units.size(), [&](size_t i) {
    const AttentionUnit& unit = plan.units[i];
    const float* own = keys(unit.sequence * heads + unit.kv_head);
    attention.unit(arguments, plan, unit, own, own + layout.keys);
  });
}

}  // namespace cpu
}  // namespace bpb
