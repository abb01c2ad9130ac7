// Kernels of SquaredRelu and SwiGlu.
#ifndef BPB_CUDA_OPERATORS_ELEMENTWISE_CUH_
#define BPB_CUDA_OPERATORS_ELEMENTWISE_CUH_

#include "elementwise.h"
#include "piece.cuh"

namespace bpb {
namespace cuda {

template <class T, int kCount>
__global__ void __launch_bounds__(kBlock)
    squared_relu_kernel(const __grid_constant__ SquaredRelu q) {
  const size_t first = (size_t)blockIdx.x * (kBlock * kReluPieces) + threadIdx.x;
  Piece<T, kCount> piece[kReluPieces];
  BPB_UNROLL
  for (uint32_t p = 0; p < kReluPieces; ++p) {
    const size_t at = (first + p * kBlock) * kCount;
    piece[p].load(q.x + at * T::kSize, at + kCount <= q.count);
  }
  BPB_UNROLL
  for (uint32_t p = 0; p < kReluPieces; ++p) {
    const size_t at = (first + p * kBlock) * kCount;
    float x[kCount];
    piece[p].unpack(x);
    BPB_UNROLL
    for (int i = 0; i < kCount; ++i) x[i] = squared_relu(x[i], q.slope);
    piece[p].pack(x);
    piece[p].store(q.y + at * T::kSize, at + kCount <= q.count);
  }
  // What is left of a vector, by the first threads of the first block.
  const size_t rest = q.count / kCount * kCount + threadIdx.x;
  if (kCount > 1 && blockIdx.x == 0 && rest < q.count) {
    Piece<T, 1> last;
    float x;
    last.load(q.x + rest * T::kSize, true);
    last.unpack(&x);
    x = squared_relu(x, q.slope);
    last.pack(&x);
    last.store(q.y + rest * T::kSize, true);
  }
}

template <class T, int kCount>
__global__ void __launch_bounds__(kBlock) swiglu_kernel(const __grid_constant__ SwiGlu q) {
  const uint32_t first = blockIdx.x * (kBlock * kGluPieces) + threadIdx.x;
  Piece<T, kCount> gate[kGluPieces], up[kGluPieces];
  BPB_UNROLL
  for (uint32_t p = 0; p < kGluPieces; ++p) {
    const uint32_t index = first + p * kBlock, row = q.pieces.quotient(index);
    const size_t at = (size_t)(index - row * q.pieces.divisor) * (kCount * T::kSize);
    gate[p].load(q.gate + row * q.gate_bytes + at, row < q.rows);
    up[p].load(q.up + row * q.up_bytes + at, row < q.rows);
  }
  BPB_UNROLL
  for (uint32_t p = 0; p < kGluPieces; ++p) {
    const uint32_t index = first + p * kBlock;
    float x[kCount], y[kCount];
    gate[p].unpack(x);
    up[p].unpack(y);
    BPB_UNROLL
    for (int i = 0; i < kCount; ++i) x[i] = swiglu(x[i], y[i]);
    gate[p].pack(x);
    // The rows of y lie without gaps.
    gate[p].store(q.y + (size_t)index * (kCount * T::kSize), index < q.rows * q.pieces.divisor);
  }
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_OPERATORS_ELEMENTWISE_CUH_
