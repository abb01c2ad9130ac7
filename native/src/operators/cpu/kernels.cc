// Choice of the kernels' instruction set at run time.
#include "kernels.h"

#include <string.h>

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
  size_t lanes;
  void (*tile)(const AttentionPlan&, const AttentionTile&, size_t, const AttentionKeys&);
};

Attention attention_of(bpb_isa isa) {
#ifdef BPB_X86
  if (isa == BPB_AVX512) return {attention_lanes_avx512(), attention_tile_avx512};
  if (isa == BPB_AVX2) return {attention_lanes_avx2(), attention_tile_avx2};
#endif
  (void)isa;
  return {attention_lanes_portable(), attention_tile_portable};
}

// The keys of a row and a key head where they lie.
AttentionKeys keys_of(const bpb_causal_attention& a, size_t row, size_t head) {
  const size_t size = (size_t)a.head_size, stride = (size_t)a.kv_heads * size;
  const size_t at = row * a.time * stride + head * size;
  return {a.k + at, a.v + at, stride};
}

// They are read where they lie, unless they are a multiple of 4 KiB apart: neighbors would take each other's
// place in every cache.
bool gather_keys(const bpb_causal_attention& a) {
  return a.kv_heads > 1 && (size_t)a.kv_heads * (size_t)a.head_size % 1024 == 0;
}

}  // namespace

void causal_attention(bpb_isa isa, const bpb_causal_attention& arguments, const ForEach& for_each,
                      std::vector<float>& memory) {
  const Attention attention = attention_of(isa);
  const AttentionPlan plan(arguments, attention.lanes);
  const size_t heads = (size_t)arguments.kv_heads, size = (size_t)arguments.head_size;
  const size_t floats = arguments.time * size;
  const bool gather = gather_keys(arguments);
  if (gather) {
    const size_t pairs = arguments.rows * heads;
    if (memory.size() < 2 * pairs * floats) memory.resize(2 * pairs * floats);
    for_each(pairs, [&](size_t pair) {
      const AttentionKeys from = keys_of(arguments, pair / heads, pair % heads);
      float* const to = memory.data() + 2 * pair * floats;
      for (size_t t = 0; t < arguments.time; t++) {
        memcpy(to + t * size, from.k + t * from.stride, size * sizeof(float));
        memcpy(to + floats + t * size, from.v + t * from.stride, size * sizeof(float));
      }
    });
  }
  const auto& tiles = plan.tiles();
  for_each(tiles.size() * heads, [&](size_t unit) {
    const AttentionTile& tile = tiles[unit % tiles.size()];
    const size_t head = unit / tiles.size();
    AttentionKeys keys = keys_of(arguments, tile.row, head);
    if (gather) {
      const float* const own = memory.data() + 2 * (tile.row * heads + head) * floats;
      keys = {own, own + floats, size};
    }
    attention.tile(plan, tile, head, keys);
  });
}

}  // namespace cpu
}  // namespace bpb
