// SquaredRelu and SwiGlu as their kernels take them, and their blocks.
#ifndef BPB_CUDA_OPERATORS_ELEMENTWISE_H_
#define BPB_CUDA_OPERATORS_ELEMENTWISE_H_

#include "layout.h"

namespace bpb {
namespace cuda {

// Pieces a thread has in flight.
constexpr uint32_t kReluPieces = 4, kGluPieces = 2;

struct SquaredRelu {
  const char* x;
  char* y;
  size_t count;
  float slope;
};

struct SwiGlu {
  const char *gate, *up;
  char* y;
  size_t gate_bytes, up_bytes, y_bytes;  // from one row to the next
  Divider pieces;                        // of a row
  uint32_t rows;
};

struct ElementwisePlan {
  bool vectors;
  uint32_t blocks;
};

inline ElementwisePlan plan_squared_relu(const bpb_squared_relu& a) {
  const bool vectors = on_vectors((uintptr_t)a.x | (uintptr_t)a.y);
  const size_t each = vectors ? sizeof(Vector) / element_size(a.type) : 1;
  return {vectors, blocks_for((a.count + each - 1) / each, kBlock * kReluPieces)};
}

// Of one launch; `rows` of them at most, so that pieces can be counted in 32 bits.
struct SwiGluPlan {
  bool vectors;
  uint32_t pieces;  // of a row
  size_t rows;
};

inline SwiGluPlan plan_swiglu(const bpb_swiglu& a) {
  const size_t size = element_size(a.type), limit = (size_t)1 << 30;
  const bool vectors = on_vectors((uintptr_t)a.gate | (uintptr_t)a.up | (uintptr_t)a.y |
                                  (uintptr_t)(a.width * size) | (uintptr_t)(a.gate_stride * size) |
                                  (uintptr_t)(a.up_stride * size));
  const size_t pieces = vectors ? a.width * size / sizeof(Vector) : a.width;
  return {vectors, (uint32_t)pieces, limit / pieces};
}

// The rows from `first` on, as many as one launch takes.
inline SwiGlu request_of(const bpb_swiglu& a, const SwiGluPlan& plan, size_t first) {
  const size_t size = element_size(a.type), left = a.rows - first;
  SwiGlu q = {};
  q.gate_bytes = a.gate_stride * size;
  q.up_bytes = a.up_stride * size;
  q.y_bytes = a.width * size;
  q.gate = (const char*)a.gate + first * q.gate_bytes;
  q.up = (const char*)a.up + first * q.up_bytes;
  q.y = (char*)a.y + first * q.y_bytes;
  q.pieces = divide_by(plan.pieces);
  q.rows = (uint32_t)(left < plan.rows ? left : plan.rows);
  return q;
}

inline uint32_t blocks_of(const SwiGlu& q) {
  return blocks_for((size_t)q.rows * q.pieces.divisor, kBlock * kGluPieces);
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_OPERATORS_ELEMENTWISE_H_
