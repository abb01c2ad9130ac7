// Kernels of SumNorm: rows held in registers from the sum of squares to the outputs, and rows of any width.
#ifndef BPB_CUDA_OPERATORS_SUM_NORM_CUH_
#define BPB_CUDA_OPERATORS_SUM_NORM_CUH_

#include "piece.cuh"
#include "sum_norm.h"

namespace bpb {
namespace cuda {

// The sum of one piece; `first` is stored on the way where `keep`. `at` is the piece's first element within the row.
template <class T, int kCount, int kTerms>
__device__ __forceinline__ void add_terms(const SumNorm& q, const Piece<T, kCount>* x, size_t row,
                                          uint32_t at, bool here, bool keep, float* sum) {
  const auto close_first = [&] {
    if (q.first && keep) {
      Piece<T, kCount> first;
      first.pack(sum);
      first.store(q.first + (row * q.width + at) * T::kSize, here);
    }
    if (q.carry) {
      float carry[kCount];
      load_table<kCount>(q.carry, at, here, carry);
      BPB_UNROLL
      for (int i = 0; i < kCount; ++i) sum[i] *= carry[i];
    }
  };
  BPB_UNROLL
  for (int t = 0; t < kTerms; ++t) {
    // A whole vector's kernel has the number of terms at compile time.
    if (kCount == 1 && t >= q.terms) break;
    if (t > 0 && t == q.first_terms) close_first();
    float element[kCount], factor[kCount];
    x[t].unpack(element);
    load_table<kCount>(q.factor[t], at, here, factor);
    BPB_UNROLL
    for (int i = 0; i < kCount; ++i) {
      sum[i] = t == 0 ? element[i] * factor[i] : fmaf(element[i], factor[i], sum[i]);
    }
  }
  if (q.first_terms == (kCount == 1 ? q.terms : kTerms)) close_first();
}

// kPieces pieces a lane, all of them and all terms loaded before the first is used.
template <class T, int kCount, int kPieces, int kTerms>
__global__ void __launch_bounds__(kBlock, kCount == 1 ? 1 : 2)
    sum_norm_kernel(const __grid_constant__ SumNorm q) {
  const uint32_t lane = q.lanes > 32 ? threadIdx.x : threadIdx.x & (q.lanes - 1);
  const size_t row =
      q.lanes > 32 ? blockIdx.x
                   : (size_t)blockIdx.x * (kBlock >> q.lane_bits) + (threadIdx.x >> q.lane_bits);
  Piece<T, kCount> x[kPieces][kTerms];
  BPB_UNROLL
  for (int p = 0; p < kPieces; ++p) {
    const uint32_t at = (p * q.lanes + lane) * kCount;
    BPB_UNROLL
    for (int t = 0; t < kTerms; ++t) {
      x[p][t].load(q.x[t] + (row * q.width + at) * T::kSize,
                   row < q.rows && at < q.width && (kCount > 1 || t < q.terms));
    }
  }
  float sum[kPieces][kCount];
  float squares = 0;
  BPB_UNROLL
  for (int p = 0; p < kPieces; ++p) {
    const uint32_t at = (p * q.lanes + lane) * kCount;
    const bool here = row < q.rows && at < q.width;
    add_terms<T, kCount, kTerms>(q, x[p], row, at, here, true, sum[p]);
    BPB_UNROLL
    for (int i = 0; i < kCount; ++i) squares = fmaf(sum[p][i], sum[p][i], squares);
    if (q.sum) {
      Piece<T, kCount> out;
      out.pack(sum[p]);
      out.store(q.sum + (row * q.width + at) * T::kSize, here);
    }
  }
  if (!q.norm) return;
  const float inverse = inverse_rms(group_sum(squares, q.lanes), q.inverse_width, q.epsilon);
  BPB_UNROLL
  for (int p = 0; p < kPieces; ++p) {
    const uint32_t at = (p * q.lanes + lane) * kCount;
    const bool here = row < q.rows && at < q.width;
    float gain[kCount];
    load_table<kCount>(q.gain, at, here, gain);
    BPB_UNROLL
    for (int i = 0; i < kCount; ++i) sum[p][i] = sum[p][i] * inverse * gain[i];
    Piece<T, kCount> out;
    out.pack(sum[p]);
    out.store(q.norm + (row * q.width + at) * T::kSize, here);
  }
}

// Any width, a block a row: what does not fit the registers is read and summed again for the norm.
template <class T>
__global__ void __launch_bounds__(kBlock) sum_norm_wide_kernel(const __grid_constant__ SumNorm q) {
  const size_t row = blockIdx.x;
  const auto sum_at = [&](uint32_t at, bool keep) {
    Piece<T, 1> x[BPB_SUM_TERMS];
    for (int t = 0; t < q.terms; ++t) x[t].load(q.x[t] + (row * q.width + at) * T::kSize, true);
    float sum = 0;
    add_terms<T, 1, BPB_SUM_TERMS>(q, x, row, at, true, keep, &sum);
    return sum;
  };
  const auto store = [&](char* to, uint32_t at, float value) {
    Piece<T, 1> out;
    out.pack(&value);
    out.store(to + (row * q.width + at) * T::kSize, true);
  };
  float squares = 0;
  for (uint32_t at = threadIdx.x; at < q.width; at += kBlock) {
    const float sum = sum_at(at, true);
    squares = fmaf(sum, sum, squares);
    if (q.sum) store(q.sum, at, sum);
  }
  if (!q.norm) return;
  const float inverse = inverse_rms(group_sum(squares, kBlock), q.inverse_width, q.epsilon);
  for (uint32_t at = threadIdx.x; at < q.width; at += kBlock) {
    float gain;
    load_table<1>(q.gain, at, true, &gain);
    store(q.norm, at, sum_at(at, false) * inverse * gain);
  }
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_OPERATORS_SUM_NORM_CUH_
