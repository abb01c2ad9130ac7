// SplitNormRotary as its kernels take it, and the share of a head for each lane.
#ifndef BPB_CUDA_OPERATORS_SPLIT_NORM_ROTARY_H_
#define BPB_CUDA_OPERATORS_SPLIT_NORM_ROTARY_H_

#include "layout.h"

namespace bpb {
namespace cuda {

// Queries, keys or values: where they go.
struct Heads {
  char* to;
  const float* gain;
  uint32_t before, count;  // heads of the row before these, and these
  bool norm, turn;
};

struct SplitNormRotary {
  const char* x;
  const float *cos, *sin;
  const int64_t* positions;
  Heads part[3];
  Divider heads, time;
  uint32_t rows, head_size, pairs;  // pairs that turn, in a head
  bool interleaved;
  float inverse_size, epsilon;
  uint32_t lanes, lane_bits;  // that share a head: 2^lane_bits of a warp
};

struct SplitNormRotaryPlan {
  bool vectors;  // 16 bytes a piece and the head in registers, else single elements
  uint32_t lanes, blocks;
};

// The two pieces of a head that a lane holds, so that both elements of a pair are in one lane: pieces j and
// j + half of the part that turns, then those of the rest in the same way. In elements; a piece at
// `head_size` or beyond is not there.
struct Share {
  uint32_t a, b;
};

BPB_HD Share share_of(uint32_t lane, uint32_t head_size, uint32_t pairs, bool interleaved,
                      uint32_t each) {
  // Interleaved pairs are within a piece, so any two pieces do.
  const uint32_t half = interleaved ? 0 : pairs / each;
  if (lane < half) return {lane * each, (lane + half) * each};
  const uint32_t pieces = head_size / each, rest = (pieces - 2 * half + 1) / 2;
  const uint32_t a = lane + half, b = a + rest;
  if (lane - half >= rest) return {head_size, head_size};
  return {a * each, b * each};
}

inline SplitNormRotaryPlan plan_split_norm_rotary(const bpb_split_norm_rotary& a) {
  const size_t size = element_size(a.type), head = (size_t)a.head_size;
  const size_t each = sizeof(Vector) / size;
  const uintptr_t together = (uintptr_t)a.x | (uintptr_t)a.q | (uintptr_t)a.k | (uintptr_t)a.v |
                             (uintptr_t)a.cos | (uintptr_t)a.sin | (uintptr_t)a.q_gain |
                             (uintptr_t)a.k_gain | (uintptr_t)(head * size);
  // Halves of the part that turns are whole vectors, too, as are their rows of the tables.
  const size_t turning = (size_t)(a.interleaved ? a.rotary_size : a.rotary_size / 2);
  SplitNormRotaryPlan plan = {};
  plan.vectors = on_vectors(together) && turning % each == 0 && head / each <= 64;
  const uint32_t shares = (uint32_t)(plan.vectors ? (head / each + 1) / 2 : (head + 1) / 2);
  plan.lanes = shares > 32 ? 32 : lanes_for_pieces(shares);
  const size_t heads = (size_t)a.q_heads + (size_t)a.k_heads + (size_t)a.v_heads;
  plan.blocks = blocks_for(a.rows * heads, kBlock / plan.lanes);
  return plan;
}

inline SplitNormRotary request_of(const bpb_split_norm_rotary& a, const SplitNormRotaryPlan& plan) {
  SplitNormRotary q = {};
  q.x = (const char*)a.x;
  q.cos = a.cos;
  q.sin = a.sin;
  q.positions = a.positions;
  const uint32_t queries = (uint32_t)a.q_heads, keys = (uint32_t)a.k_heads;
  const bool turn = a.rotary_size > 0;
  q.part[0] = {(char*)a.q, a.q_gain, 0, queries, a.q_norm != 0, turn};
  q.part[1] = {(char*)a.k, a.k_gain, queries, keys, a.k_norm != 0, turn};
  q.part[2] = {(char*)a.v, nullptr, queries + keys, (uint32_t)a.v_heads, false, false};
  q.rows = (uint32_t)a.rows;
  q.heads = divide_by(queries + keys + (uint32_t)a.v_heads);
  q.time = divide_by(a.time > 0 ? (uint32_t)a.time : 1);
  q.head_size = (uint32_t)a.head_size;
  q.pairs = (uint32_t)a.rotary_size / 2;
  q.interleaved = a.interleaved != 0;
  q.inverse_size = (float)(1.0 / (double)a.head_size);
  q.epsilon = a.epsilon;
  q.lanes = plan.lanes;
  q.lane_bits = bits_below(plan.lanes);
  return q;
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_OPERATORS_SPLIT_NORM_ROTARY_H_
