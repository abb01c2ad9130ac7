// Streams, memory, copies and the device's clock for a caller that is built without CUDA (C interface of libbpb_cuda).
//
// Streams are cudaStream_t, pointers are CUDA's own: ONNX Runtime on the same device can use both.
// Functions returning int give 0, or -1 with `error` filled: BPB_CUDA_MEMORY when there is not enough
// memory (a smaller batch may help), else BPB_CUDA_RUN and its like. Failures of queued work appear at
// bpb_cuda_stream_wait.
#ifndef BPB_CUDA_MEMORY_H_
#define BPB_CUDA_MEMORY_H_

#include "nll_cuda.h"

#ifdef __cplusplus
extern "C" {
#endif

BPB_CUDA_API int bpb_cuda_stream_create(const bpb_cuda_scorer* scorer, void** stream,
                                        bpb_error* error);
BPB_CUDA_API void bpb_cuda_stream_destroy(void* stream);

// Blocks until all work queued on the stream is done.
BPB_CUDA_API int bpb_cuda_stream_wait(void* stream, bpb_error* error);

// `pinned` 0: device memory; 1: host memory that copies need not stage.
BPB_CUDA_API int bpb_cuda_alloc(const bpb_cuda_scorer* scorer, int pinned, size_t bytes,
                                void** memory, bpb_error* error);
BPB_CUDA_API void bpb_cuda_free(const bpb_cuda_scorer* scorer, int pinned, void* memory);

// Queues a copy between any two of device and pinned memory.
BPB_CUDA_API int bpb_cuda_copy(void* to, const void* from, size_t bytes, void* stream,
                               bpb_error* error);

// Free and total device memory in bytes.
BPB_CUDA_API int bpb_cuda_memory_info(const bpb_cuda_scorer* scorer, uint64_t* free_bytes,
                                      uint64_t* total_bytes, bpb_error* error);

// A moment on a stream: marked when the stream gets to it, and again each time it is marked again.
BPB_CUDA_API int bpb_cuda_moment_create(const bpb_cuda_scorer* scorer, void** moment,
                                        bpb_error* error);
BPB_CUDA_API void bpb_cuda_moment_destroy(void* moment);
BPB_CUDA_API int bpb_cuda_moment_mark(void* moment, void* stream, bpb_error* error);

// Seconds between two moments by the device's clock; both have been waited for.
BPB_CUDA_API int bpb_cuda_moment_seconds(void* from, void* to, double* seconds, bpb_error* error);

#ifdef __cplusplus
}
#endif

#endif  // BPB_CUDA_MEMORY_H_
