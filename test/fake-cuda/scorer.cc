// libbpb_cuda for a machine without nvcc: its C interface over the stand-in's runtime. The launches are
// those of the real library, by shape and order; imitate.cc has what they leave behind.
#include <stdio.h>

#include "cuda/elements.h"
#include "cuda/memory.h"
#include "cuda/request.h"
#include "cuda/scorer.h"
#include "fake.h"
#include "runtime.h"

namespace {

constexpr unsigned kNonBlocking = 1;  // cudaStreamNonBlocking

// As failure_code() of native/src/cuda/failure.h, which needs CUDA's headers.
const char* code_of(int status) {
  switch (status) {
    case fake::kInsufficientDriver:
    case fake::kNoDevice: return "BPB_CUDA_DRIVER";
    case fake::kInvalidDevice: return "BPB_CUDA_DEVICE";
    case fake::kMemoryAllocation: return "BPB_CUDA_MEMORY";
    default: return "BPB_CUDA_RUN";
  }
}

int done(int status, const char* doing, bpb_error* error) {
  if (status == fake::kSuccess) return 0;
  BPB_FAIL(error, code_of(status), "%s: %s (%s)", doing, cudaGetErrorString(status),
           cudaGetErrorName(status));
  return -1;
}

}  // namespace

extern "C" int bpb_cuda_abi(void) { return BPB_CUDA_ABI; }

extern "C" int bpb_cuda_device_count(bpb_error* error) {
  int count = 0;
  return done(cudaGetDeviceCount(&count), "looking for devices", error) == 0 ? count : 0;
}

extern "C" bpb_cuda_scorer* bpb_cuda_open(int device, bpb_error* error) {
  fake::DeviceProperties found;
  if (done(cudaSetDevice(device), "taking the device", error) != 0 ||
      done(cudaGetDeviceProperties(&found, device), "asking the device", error) != 0) {
    return nullptr;
  }
  auto* scorer = new bpb_cuda_scorer();
  scorer->device = device;
  bpb_cuda_device& about = scorer->about;
  snprintf(about.name, sizeof(about.name), "%s", found.name);
  about.major = found.major;
  about.minor = found.minor;
  about.multiprocessors = found.multiProcessorCount;
  about.memory_bytes = found.totalGlobalMem;
  cudaDriverGetVersion(&about.driver);
  cudaRuntimeGetVersion(&about.runtime);
  return scorer;
}

extern "C" void bpb_cuda_close(bpb_cuda_scorer* scorer) { delete scorer; }

extern "C" const bpb_cuda_device* bpb_cuda_describe(const bpb_cuda_scorer* scorer) {
  return &scorer->about;
}

extern "C" int bpb_cuda_clear(const bpb_cuda_scorer*, const bpb_cuda_sums* sums, void* stream,
                              bpb_error* error) {
  if (sums->spans > 0 &&
      done(cudaMemsetAsync(sums->totals, 0, sums->spans * sizeof(int64_t), stream),
           "clearing the totals", error) != 0) {
    return -1;
  }
  bpb_cuda_flags* flags = sums->flags;
  void* arguments[] = {&flags};
  return done(fake::launch("clear_flags", {1, 1, 1}, {1, 1, 1}, 0, arguments, stream),
              "clearing the flags", error);
}

extern "C" int bpb_cuda_score(const bpb_cuda_scorer* scorer, const bpb_logits* logits,
                              const bpb_targets* targets, float* nats, const bpb_cuda_sums* sums,
                              void* stream, bpb_error* error) {
  if (logits->location != BPB_CUDA) {
    BPB_FAIL(error, "BPB_CUDA_ARGUMENT", "the logits are not in device memory");
    return -1;
  }
  if (targets->count == 0) return 0;
  bpb::cuda::Request q = {};
  q.logits = static_cast<const char*>(logits->data);
  q.row_bytes = logits->row_stride * (logits->type == BPB_FP32 ? 4 : 2);
  q.rows = targets->rows;
  q.targets = targets->targets;
  q.vocab = static_cast<uint32_t>(logits->vocab);
  q.schedule.count = static_cast<uint32_t>(targets->count);
  q.nats = nats;
  q.span_ends = sums->span_ends;
  q.spans = static_cast<uint32_t>(sums->spans);
  q.totals = sums->totals;
  q.flags = sums->flags;
  const int lanes = bpb::cuda::lanes_for(q.vocab), processors = scorer->about.multiprocessors;
  const uint32_t blocks = logits->type == BPB_FP32
                              ? bpb::cuda::complete<bpb::cuda::Fp32>(q, lanes, processors)
                              : bpb::cuda::complete<bpb::cuda::Fp16>(q, lanes, processors);
  void* arguments[] = {&q};
  return done(fake::launch("score_kernel", {blocks, 1, 1}, {bpb::cuda::kBlock, 1, 1}, 0, arguments,
                           stream),
              "launching the scorer", error);
}

extern "C" int bpb_cuda_stream_create(const bpb_cuda_scorer* scorer, void** stream,
                                      bpb_error* error) {
  if (done(cudaSetDevice(scorer->device), "taking the device", error) != 0) return -1;
  return done(cudaStreamCreateWithFlags(stream, kNonBlocking), "creating a stream", error);
}

extern "C" void bpb_cuda_stream_destroy(void* stream) { cudaStreamDestroy(stream); }

extern "C" int bpb_cuda_stream_wait(void* stream, bpb_error* error) {
  return done(cudaStreamSynchronize(stream), "waiting for the device", error);
}

extern "C" int bpb_cuda_alloc(const bpb_cuda_scorer* scorer, int pinned, size_t bytes,
                              void** memory, bpb_error* error) {
  if (done(cudaSetDevice(scorer->device), "taking the device", error) != 0) return -1;
  const int status = pinned ? cudaMallocHost(memory, bytes) : cudaMalloc(memory, bytes);
  if (status == fake::kMemoryAllocation) cudaGetLastError();  // not the next call's failure
  return done(status, pinned ? "taking pinned memory" : "taking device memory", error);
}

extern "C" void bpb_cuda_free(const bpb_cuda_scorer*, int pinned, void* memory) {
  if (pinned) {
    cudaFreeHost(memory);
  } else {
    cudaFree(memory);
  }
}

extern "C" int bpb_cuda_copy(void* to, const void* from, size_t bytes, void* stream,
                             bpb_error* error) {
  return done(cudaMemcpyAsync(to, from, bytes, fake::kDefault, stream), "copying", error);
}

extern "C" int bpb_cuda_memory_info(const bpb_cuda_scorer* scorer, uint64_t* free_bytes,
                                    uint64_t* total_bytes, bpb_error* error) {
  size_t available = 0, total = 0;
  if (done(cudaSetDevice(scorer->device), "taking the device", error) != 0 ||
      done(cudaMemGetInfo(&available, &total), "asking for free memory", error) != 0) {
    return -1;
  }
  *free_bytes = available;
  *total_bytes = total;
  return 0;
}

extern "C" int bpb_cuda_moment_create(const bpb_cuda_scorer*, void** moment, bpb_error* error) {
  return done(cudaEventCreate(moment), "creating an event", error);
}

extern "C" void bpb_cuda_moment_destroy(void* moment) { cudaEventDestroy(moment); }

extern "C" int bpb_cuda_moment_mark(void* moment, void* stream, bpb_error* error) {
  return done(cudaEventRecord(moment, stream), "marking a moment", error);
}

extern "C" int bpb_cuda_moment_seconds(void* from, void* to, double* seconds, bpb_error* error) {
  float milliseconds = 0;
  if (done(cudaEventElapsedTime(&milliseconds, from, to), "reading the device's clock", error) !=
      0) {
    return -1;
  }
  *seconds = milliseconds / 1e3;
  return 0;
}
