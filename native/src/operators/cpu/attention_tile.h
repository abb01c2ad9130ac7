// The state of a tile of causal attention: attention.h says what is computed on it.
#ifndef BPB_OPERATORS_CPU_ATTENTION_TILE_H_
#define BPB_OPERATORS_CPU_ATTENTION_TILE_H_

#include <algorithm>
#include <vector>

#include "../../lanes/lanes.h"
#include "attention_plan.h"

namespace {

using bpb::cpu::AttentionKeys;
using bpb::cpu::AttentionPlan;
using bpb::cpu::AttentionTile;

// Vectors of a tile, found by trial: with 8 rows 24 sums, and 11 loads for 24 products.
constexpr int kVectors = 3;

// Rows of sums that are in registers at once, of up to kVectors vectors: there are 32 registers of 16 lanes, and 16
// of fewer.
template <class L>
constexpr int kRows = L::W == 16 ? 8 : 4;

// Keys of a block. Scores, queries and sums of a tile stay in the first cache together.
constexpr size_t kBlock = 64;

// Of a tile and a key head.
template <class L>
struct AttentionState {
  using Vec = typename L::Vec;
  static constexpr size_t kLanes = kVectors * L::W;

  AttentionState(const AttentionPlan& plan_, const AttentionTile& tile_, size_t head_)
      : plan(plan_),
        tile(tile_),
        arguments(plan_.arguments()),
        head(head_),
        size((size_t)arguments.head_size),
        vectors((int)((tile_.to - tile_.from + L::W - 1) / L::W)),
        q(scratch((2 * size + kBlock) * kLanes)),
        o(q + size * kLanes),
        s(o + size * kLanes) {}

  // Place of a lane's head in q and y.
  size_t offset_of(size_t lane) const {
    const size_t heads = (size_t)arguments.q_heads, group = plan.group();
    return (plan.query(lane) * heads + head * group + lane % group) * size;
  }

  // Keys that all queries of a vector may see, and that any may see.
  size_t first_limit(int vector) const { return limits[(size_t)vector * L::W]; }
  size_t last_limit(int vector) const { return limits[(size_t)(vector + 1) * L::W - 1]; }

  // The first vector with a query that may see `key`.
  int first_vector(size_t key) const {
    int v = 0;
    while (v < vectors && last_limit(v) <= key) v++;
    return v;
  }

  // Rows of q, o and s.
  static float* place(float* base, size_t row, int vector) {
    return base + row * kLanes + (size_t)vector * L::W;
  }
  static Vec load(float* base, size_t row, int vector) {
    return L::template load<F32>(place(base, row, vector));
  }
  static void store(float* base, size_t row, int vector, Vec value) {
    L::template store<F32>(place(base, row, vector), value);
  }

  // Kept from tile to tile: a fresh allocation would be fresh pages each time.
  static float* scratch(size_t floats) {
    constexpr size_t kAlign = 64;
    thread_local std::vector<float> memory;
    if (memory.size() < floats + kAlign / 4) memory.resize(floats + kAlign / 4);
    const uintptr_t start = ((uintptr_t)memory.data() + kAlign - 1) / kAlign * kAlign;
    return (float*)start;
  }

  const AttentionPlan& plan;
  const AttentionTile& tile;
  const bpb_causal_attention& arguments;
  const size_t head, size;     // of the head
  const int vectors;           // of the tile
  float *const q, *const o;    // queries and sums, [head_size, kLanes]
  float* const s;              // scores, then weights, [kBlock, kLanes]
  size_t limits[kLanes] = {};  // keys that a query may see, ascending
  Vec limit[kVectors];         // the same
  Vec top[kVectors];           // running maximum
  Vec sum[kVectors];           // of weights
};

}  // namespace

#endif  // BPB_OPERATORS_CPU_ATTENTION_TILE_H_
