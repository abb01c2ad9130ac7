// CUDA kernels of the operators in ../../operators/operators.h (C interface of libbpb_cuda).
//
// Each function queues one kernel (SwiGlu of more than 2^30 vectors several) on `stream`, a cudaStream_t
// of the calling thread's current device, and returns; nothing is taken, copied or waited for. All pointers in
// the arguments are device pointers, aligned to their element; with all of them on 16-byte boundaries, and rows
// that are whole vectors of 16 bytes, loads and stores are of 16 bytes. Results are the same bits in every run,
// whatever the number of rows; their last bits can differ between these two ways of loading.
//
// 0, or -1 with `error` filled: BPB_CUDA_ARGUMENT (the message says what is wrong), BPB_CUDA_RUN.
#ifndef BPB_OPERATORS_CUDA_H_
#define BPB_OPERATORS_CUDA_H_

#include "../../operators/operators.h"
#include "../nll_cuda.h"

#ifdef __cplusplus
extern "C" {
#endif

// A row whose sum of squares is beyond fp32 has NaN as its norm.
BPB_CUDA_API int bpb_cuda_sum_norm(const bpb_sum_norm* arguments, void* stream, bpb_error* error);

// A head whose sum of squares is beyond fp32 becomes NaN where it is normed. `positions` are taken modulo
// `time` as unsigned numbers, so that none reads outside the tables.
BPB_CUDA_API int bpb_cuda_split_norm_rotary(const bpb_split_norm_rotary* arguments, void* stream,
                                            bpb_error* error);

BPB_CUDA_API int bpb_cuda_squared_relu(const bpb_squared_relu* arguments, void* stream,
                                       bpb_error* error);

BPB_CUDA_API int bpb_cuda_swiglu(const bpb_swiglu* arguments, void* stream, bpb_error* error);

#ifdef __cplusplus
}
#endif

#endif  // BPB_OPERATORS_CUDA_H_
