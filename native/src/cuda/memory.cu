// Implementation of memory.h: streams, memory, copies and events.
#include "memory.h"

#include "failure.h"
#include "scorer.h"

using bpb::cuda::failed;

namespace {

bool take(const bpb_cuda_scorer* scorer, bpb_error* error) {
  return !failed(cudaSetDevice(scorer->device), "taking the device", error);
}

}  // namespace

extern "C" int bpb_cuda_stream_create(const bpb_cuda_scorer* scorer, void** stream,
                                      bpb_error* error) {
  if (!take(scorer, error)) return -1;
  cudaStream_t created;
  // Not tied to the default stream, which other libraries in the process may use.
  if (failed(cudaStreamCreateWithFlags(&created, cudaStreamNonBlocking), "creating a stream",
             error)) {
    return -1;
  }
  *stream = created;
  return 0;
}

extern "C" void bpb_cuda_stream_destroy(void* stream) { cudaStreamDestroy((cudaStream_t)stream); }

extern "C" int bpb_cuda_stream_wait(void* stream, bpb_error* error) {
  return failed(cudaStreamSynchronize((cudaStream_t)stream), "waiting for the device", error) ? -1
                                                                                              : 0;
}

extern "C" int bpb_cuda_alloc(const bpb_cuda_scorer* scorer, int pinned, size_t bytes,
                              void** memory, bpb_error* error) {
  if (!take(scorer, error)) return -1;
  const cudaError_t status = pinned ? cudaMallocHost(memory, bytes) : cudaMalloc(memory, bytes);
  if (status == cudaErrorMemoryAllocation) cudaGetLastError();  // not the next call's failure
  return failed(status, pinned ? "taking pinned memory" : "taking device memory", error) ? -1 : 0;
}

extern "C" void bpb_cuda_free(const bpb_cuda_scorer* scorer, int pinned, void* memory) {
  cudaSetDevice(scorer->device);
  if (pinned) {
    cudaFreeHost(memory);
  } else {
    cudaFree(memory);
  }
}

extern "C" int bpb_cuda_copy(void* to, const void* from, size_t bytes, void* stream,
                             bpb_error* error) {
  return failed(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, (cudaStream_t)stream),
                "copying", error)
             ? -1
             : 0;
}

extern "C" int bpb_cuda_moment_create(const bpb_cuda_scorer* scorer, void** moment,
                                      bpb_error* error) {
  if (!take(scorer, error)) return -1;
  cudaEvent_t created;
  if (failed(cudaEventCreate(&created), "creating an event", error)) return -1;
  *moment = created;
  return 0;
}

extern "C" void bpb_cuda_moment_destroy(void* moment) { cudaEventDestroy((cudaEvent_t)moment); }

extern "C" int bpb_cuda_moment_mark(void* moment, void* stream, bpb_error* error) {
  return failed(cudaEventRecord((cudaEvent_t)moment, (cudaStream_t)stream), "marking a moment",
                error)
             ? -1
             : 0;
}

extern "C" int bpb_cuda_moment_seconds(void* from, void* to, double* seconds, bpb_error* error) {
  float milliseconds = 0;
  if (failed(cudaEventElapsedTime(&milliseconds, (cudaEvent_t)from, (cudaEvent_t)to),
             "reading the device's clock", error)) {
    return -1;
  }
  *seconds = milliseconds / 1e3;
  return 0;
}

extern "C" int bpb_cuda_memory_info(const bpb_cuda_scorer* scorer, uint64_t* free_bytes,
                                    uint64_t* total_bytes, bpb_error* error) {
  size_t available = 0, total = 0;
  if (!take(scorer, error) ||
      failed(cudaMemGetInfo(&available, &total), "asking for free memory", error)) {
    return -1;
  }
  *free_bytes = available;
  *total_bytes = total;
  return 0;
}
