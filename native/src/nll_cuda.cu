// C interface of libbpb_cuda: checks of arguments, error messages, queueing of work.
#include "cuda/nll_cuda.h"

#include <new>

#include "cuda/failure.h"
#include "cuda/launch.cuh"
#include "cuda/scorer.h"

using namespace bpb::cuda;

namespace {

// What is wrong with a request, or null.
const char* mistake(const bpb_logits& logits, const bpb_targets& targets, const float* nats,
                    const bpb_cuda_sums& sums) {
  if (logits.location != BPB_CUDA) return "the logits are not in device memory";
  if (logits.type != BPB_FP32 && logits.type != BPB_FP16 && logits.type != BPB_BF16) {
    return "the logits are not fp32, fp16 or bf16";
  }
  if ((uintptr_t)logits.data % (logits.type == BPB_FP32 ? 4 : 2) != 0) {
    return "the logits are not aligned to their own type";
  }
  if (logits.vocab < 2 || logits.vocab > (size_t)1 << 24) return "vocab is not within [2, 2^24]";
  if (logits.row_stride < logits.vocab) return "the row stride is less than vocab";
  if (targets.count >= (size_t)1 << 31) return "2^31 targets or more";
  if (!targets.rows && targets.count > logits.rows) return "more targets than rows";
  if (logits.rows > (size_t)UINT32_MAX) return "2^32 rows or more";
  // Written so that NaN is a mistake too.
  if (targets.softcap != 0 &&
      !(targets.softcap >= BPB_SOFTCAP_MIN && targets.softcap <= BPB_SOFTCAP_MAX)) {
    return "the softcap is not 0 and not within [1e-6, 1e6]";
  }
  if (!sums.flags) return "no flags";
  if (sums.spans > (size_t)UINT32_MAX) return "2^32 spans or more";
  if (sums.spans > 0 && (!sums.span_ends || !sums.totals)) return "spans without memory";
  if (targets.count > 0 && (!logits.data || !targets.targets || !nats)) return "a null pointer";
  return nullptr;
}

// The number of devices, or -1 with `error` filled. CUDA has one status for "no driver" and for "an
// old driver"; the remedies differ.
int count_devices(bpb_error* error) {
  int count = 0, driver = 0, runtime = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess) return count;
  failed(status, "looking for devices", error);
  cudaRuntimeGetVersion(&runtime);
  if (status == cudaErrorInsufficientDriver && cudaDriverGetVersion(&driver) == cudaSuccess) {
    if (driver == 0) {
      BPB_FAIL(error, "BPB_CUDA_DRIVER", "no NVIDIA driver is installed (no libcuda.so.1)");
    } else {
      BPB_FAIL(error, "BPB_CUDA_DRIVER",
               "the NVIDIA driver is for CUDA %d.%d, and the scorer was built with CUDA %d.%d: "
               "update the driver, or build the scorer with an older nvcc",
               driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    }
  }
  return -1;
}

// Nothing found yet; a kernel, because two of the flags begin at all ones.
__global__ void clear_flags(bpb_cuda_flags* flags) {
  flags->infinite = 0;
  flags->refused = flags->overflow = UINT64_MAX;
}

}  // namespace

extern "C" int bpb_cuda_abi(void) { return BPB_CUDA_ABI; }

extern "C" int bpb_cuda_device_count(bpb_error* error) {
  const int count = count_devices(error);
  return count < 0 ? 0 : count;
}

extern "C" bpb_cuda_scorer* bpb_cuda_open(int device, bpb_error* error) {
  const int count = count_devices(error);
  if (count < 0) return nullptr;
  if (device < 0 || device >= count) {
    BPB_FAIL(error, "BPB_CUDA_DEVICE", "there is no CUDA device %d, only %d of them", device,
             count);
    return nullptr;
  }
  cudaDeviceProp found;
  cudaFuncAttributes attributes;
  int driver = 0, runtime = 0;
  if (failed(cudaSetDevice(device), "taking the device", error) ||
      failed(cudaGetDeviceProperties(&found, device), "asking the device", error) ||
      failed(cudaDriverGetVersion(&driver), "asking the driver", error) ||
      failed(cudaRuntimeGetVersion(&runtime), "asking the runtime", error) ||
      failed(cudaFuncGetAttributes(&attributes, score_kernel<Fp32, Plain, 32>),
             "looking for code for the device", error)) {
    return nullptr;
  }
  bpb_cuda_scorer* scorer = new (std::nothrow) bpb_cuda_scorer();
  if (!scorer) {
    BPB_FAIL(error, "BPB_CUDA_MEMORY", "out of host memory");
    return nullptr;
  }
  scorer->device = device;
  snprintf(scorer->about.name, sizeof(scorer->about.name), "%s", found.name);
  scorer->about.major = found.major;
  scorer->about.minor = found.minor;
  scorer->about.multiprocessors = found.multiProcessorCount;
  scorer->about.driver = driver;
  scorer->about.runtime = runtime;
  scorer->about.memory_bytes = found.totalGlobalMem;
  return scorer;
}

extern "C" void bpb_cuda_close(bpb_cuda_scorer* scorer) { delete scorer; }

extern "C" const bpb_cuda_device* bpb_cuda_describe(const bpb_cuda_scorer* scorer) {
  return &scorer->about;
}

extern "C" int bpb_cuda_clear(const bpb_cuda_scorer* scorer, const bpb_cuda_sums* sums,
                              void* stream, bpb_error* error) {
  const cudaStream_t queue = (cudaStream_t)stream;
  if (failed(cudaSetDevice(scorer->device), "taking the device", error)) return -1;
  if (sums->spans > 0 &&
      failed(cudaMemsetAsync(sums->totals, 0, sums->spans * sizeof(int64_t), queue),
             "clearing the totals", error)) {
    return -1;
  }
  clear_flags<<<1, 1, 0, queue>>>(sums->flags);
  return failed(cudaGetLastError(), "clearing the flags", error) ? -1 : 0;
}

extern "C" int bpb_cuda_score(const bpb_cuda_scorer* scorer, const bpb_logits* logits,
                              const bpb_targets* targets, float* nats, const bpb_cuda_sums* sums,
                              void* stream, bpb_error* error) {
  if (const char* what = mistake(*logits, *targets, nats, *sums)) {
    BPB_FAIL(error, "BPB_CUDA_ARGUMENT", "%s", what);
    return -1;
  }
  if (targets->count == 0) return 0;
  if (failed(cudaSetDevice(scorer->device), "taking the device", error)) return -1;

  Request q = {};
  q.logits = (const char*)logits->data;
  q.row_bytes = logits->row_stride * (logits->type == BPB_FP32 ? 4 : 2);
  q.rows = targets->rows;
  q.targets = targets->targets;
  q.vocab = (uint32_t)logits->vocab;
  q.schedule.count = (uint32_t)targets->count;
  q.nats = nats;
  q.span_ends = sums->span_ends;
  q.spans = (uint32_t)sums->spans;
  q.totals = sums->totals;
  q.flags = sums->flags;

  const int multiprocessors = scorer->about.multiprocessors;
  const cudaStream_t queue = (cudaStream_t)stream;
  cudaError_t status = cudaErrorInvalidValue;
  switch (logits->type) {
    case BPB_FP32: status = launch<Fp32>(q, targets->softcap, 0, multiprocessors, queue); break;
    case BPB_FP16: status = launch<Fp16>(q, targets->softcap, 0, multiprocessors, queue); break;
    case BPB_BF16: status = launch<Bf16>(q, targets->softcap, 0, multiprocessors, queue); break;
  }
  return failed(status, "launching the scorer", error) ? -1 : 0;
}
