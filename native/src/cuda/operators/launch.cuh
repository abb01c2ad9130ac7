// Launches of the operators' kernels: the instance for a type and a share of work.
#ifndef BPB_CUDA_OPERATORS_LAUNCH_CUH_
#define BPB_CUDA_OPERATORS_LAUNCH_CUH_

#include "elementwise.cuh"
#include "split_norm_rotary.cuh"
#include "sum_norm.cuh"

namespace bpb {
namespace cuda {

template <class T, int kPieces>
void launch_sum_norm(const SumNorm& q, const SumNormPlan& plan, cudaStream_t stream) {
  constexpr int kCount = T::kPerVector;
  const uint32_t blocks = plan.blocks, threads = plan.threads;
  switch (q.terms) {
    case 1: sum_norm_kernel<T, kCount, kPieces, 1><<<blocks, threads, 0, stream>>>(q); break;
    case 2: sum_norm_kernel<T, kCount, kPieces, 2><<<blocks, threads, 0, stream>>>(q); break;
    case 3: sum_norm_kernel<T, kCount, kPieces, 3><<<blocks, threads, 0, stream>>>(q); break;
    default: sum_norm_kernel<T, kCount, kPieces, 4><<<blocks, threads, 0, stream>>>(q); break;
  }
}

template <class T>
cudaError_t launch(const bpb_sum_norm& arguments, cudaStream_t stream) {
  const SumNormPlan plan = plan_sum_norm(arguments);
  const SumNorm q = request_of(arguments, plan);
  if (plan.pieces == 0) {
    sum_norm_wide_kernel<T><<<plan.blocks, plan.threads, 0, stream>>>(q);
  } else if (!plan.vectors) {
    sum_norm_kernel<T, 1, 16, 4><<<plan.blocks, plan.threads, 0, stream>>>(q);
  } else if (plan.pieces == 2) {
    launch_sum_norm<T, 2>(q, plan, stream);
  } else {
    launch_sum_norm<T, 4>(q, plan, stream);
  }
  return cudaGetLastError();
}

template <class T>
cudaError_t launch(const bpb_split_norm_rotary& arguments, cudaStream_t stream) {
  const SplitNormRotaryPlan plan = plan_split_norm_rotary(arguments);
  const SplitNormRotary q = request_of(arguments, plan);
  if (plan.vectors && q.interleaved) {
    split_norm_rotary_kernel<T, true><<<plan.blocks, kBlock, 0, stream>>>(q);
  } else if (plan.vectors) {
    split_norm_rotary_kernel<T, false><<<plan.blocks, kBlock, 0, stream>>>(q);
  } else {
    split_norm_rotary_wide_kernel<T><<<plan.blocks, kBlock, 0, stream>>>(q);
  }
  return cudaGetLastError();
}

template <class T>
cudaError_t launch(const bpb_squared_relu& a, cudaStream_t stream) {
  const ElementwisePlan plan = plan_squared_relu(a);
  const SquaredRelu q = {(const char*)a.x, (char*)a.y, a.count, a.slope};
  if (plan.vectors) {
    squared_relu_kernel<T, T::kPerVector><<<plan.blocks, kBlock, 0, stream>>>(q);
  } else {
    squared_relu_kernel<T, 1><<<plan.blocks, kBlock, 0, stream>>>(q);
  }
  return cudaGetLastError();
}

template <class T>
cudaError_t launch(const bpb_swiglu& arguments, cudaStream_t stream) {
  const SwiGluPlan plan = plan_swiglu(arguments);
  cudaError_t status = cudaSuccess;
  for (size_t row = 0; row < arguments.rows && status == cudaSuccess; row += plan.rows) {
    const SwiGlu q = request_of(arguments, plan, row);
    if (plan.vectors) {
      swiglu_kernel<T, T::kPerVector><<<blocks_of(q), kBlock, 0, stream>>>(q);
    } else {
      swiglu_kernel<T, 1><<<blocks_of(q), kBlock, 0, stream>>>(q);
    }
    status = cudaGetLastError();
  }
  return status;
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_OPERATORS_LAUNCH_CUH_
