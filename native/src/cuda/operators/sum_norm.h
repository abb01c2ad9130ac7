// SumNorm as its kernels take it, and the share of a row for each lane.
#ifndef BPB_CUDA_OPERATORS_SUM_NORM_H_
#define BPB_CUDA_OPERATORS_SUM_NORM_H_

#include "layout.h"

namespace bpb {
namespace cuda {

struct SumNorm {
  const char* x[BPB_SUM_TERMS];
  const float* factor[BPB_SUM_TERMS];
  const float *carry, *gain;
  char *first, *sum, *norm;
  uint32_t rows, width;
  int terms, first_terms;
  float inverse_width, epsilon;
  // That share a row: 2^lane_bits of a warp, or more than 32, and then they are the block.
  uint32_t lanes, lane_bits;
};

// How a row is held: `pieces` of `elements` for each of `lanes` lanes. No pieces: not held, read again.
struct SumNormPlan {
  bool vectors;  // 16 bytes a piece, else one element
  uint32_t pieces, lanes, threads, blocks;
};

inline SumNormPlan plan_sum_norm(const bpb_sum_norm& a) {
  const size_t size = element_size(a.type);
  uintptr_t together = (uintptr_t)a.first | (uintptr_t)a.sum | (uintptr_t)a.norm |
                       (uintptr_t)a.carry | (uintptr_t)a.gain | (uintptr_t)(a.width * size);
  for (int i = 0; i < a.terms; ++i) together |= (uintptr_t)a.x[i] | (uintptr_t)a.factor[i];
  SumNormPlan plan = {};
  plan.vectors = on_vectors(together);
  const uint32_t count = (uint32_t)(plan.vectors ? a.width * size / sizeof(Vector) : a.width);
  const auto hold = [&](uint32_t pieces, uint32_t most) {
    if (plan.pieces == 0 && count <= pieces * most) {
      plan.pieces = pieces;
      plan.lanes = lanes_for_pieces((count + pieces - 1) / pieces);
    }
  };
  if (plan.vectors) {
    hold(2, 32);
    hold(4, 32);
    hold(2, kBlock);
    hold(4, kBlock);
  } else {
    hold(16, kBlock);
  }
  if (plan.pieces == 0) plan.lanes = kBlock;
  plan.threads = plan.lanes > 32 ? plan.lanes : kBlock;
  plan.blocks = blocks_for(a.rows, plan.threads / plan.lanes);
  return plan;
}

inline SumNorm request_of(const bpb_sum_norm& a, const SumNormPlan& plan) {
  SumNorm q = {};
  for (int i = 0; i < a.terms; ++i) {
    q.x[i] = (const char*)a.x[i];
    q.factor[i] = a.factor[i];
  }
  q.carry = a.carry;
  q.gain = a.gain;
  q.first = (char*)a.first;
  q.sum = (char*)a.sum;
  q.norm = (char*)a.norm;
  q.rows = (uint32_t)a.rows;
  q.width = (uint32_t)a.width;
  q.terms = a.terms;
  q.first_terms = a.first_terms;
  q.inverse_width = (float)(1.0 / (double)a.width);
  q.epsilon = a.epsilon;
  q.lanes = plan.lanes;
  q.lane_bits = bits_below(plan.lanes);
  return q;
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_OPERATORS_SUM_NORM_H_
