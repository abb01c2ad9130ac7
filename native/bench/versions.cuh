// The scorer's versions side by side, behind one signature: the first simple ones, kept to be
// compared with, and the shipped kernel with each number of lanes.
#ifndef BPB_BENCH_VERSIONS_CUH_
#define BPB_BENCH_VERSIONS_CUH_

#include "../src/cuda/launch.cuh"
#include "device.cuh"

namespace bench {

using namespace bpb::cuda;

// What a version scores: target k on row k, all in device memory.
struct Job {
  const char* logits;
  bpb_type type;
  size_t stride;  // elements
  uint32_t rows, vocab;
  const int32_t* targets;
  double softcap;
  float* nats;
  bpb_cuda_flags* flags;

  size_t size() const { return type == BPB_FP32 ? 4 : 2; }
  bool aligned() const { return ((size_t)logits | stride * size() | vocab * size()) % 16 == 0; }
};

template <class T>
__device__ float element(const char* row, uint32_t i) {
  return T::scalar(load_single<T>(row + (size_t)i * T::kSize));
}

__device__ inline float capped(float x, float cap) { return cap > 0 ? cap * tanhf(x / cap) : x; }

// Version 1: a block a row, one element a load, online softmax with two exponentials an element.
template <class T>
__global__ void simple_kernel(Job job) {
  const char* row = job.logits + blockIdx.x * job.stride * T::kSize;
  const float cap = (float)job.softcap;
  float top = -INFINITY, sum = 0;
  bool bad = false;
  for (uint32_t i = threadIdx.x; i < job.vocab; i += blockDim.x) {
    const float raw = element<T>(row, i), x = capped(raw, cap);
    bad = bad || raw != raw || raw == INFINITY;
    const float larger = fmaxf(top, x);
    if (larger > -INFINITY) sum = sum * expf(top - larger) + expf(x - larger);
    top = larger;
  }
  __shared__ float tops[kBlock], sums[kBlock];
  tops[threadIdx.x] = top;
  sums[threadIdx.x] = sum;
  bad = __syncthreads_or(bad);
  if (threadIdx.x > 0) return;
  for (int i = 1; i < kBlock; ++i) top = fmaxf(top, tops[i]);
  double total = 0;
  for (int i = 0; i < kBlock; ++i) {
    if (sums[i] > 0) total += (double)sums[i] * exp((double)tops[i] - (double)top);
  }
  const float target = capped(element<T>(row, job.targets[blockIdx.x]), cap);
  job.nats[blockIdx.x] = bad || !(total > 0) ? NAN : (float)(log(total) + ((double)top - target));
}

// Version 2: a warp a row of up to 64 logits a lane, held in registers, the maximum of the whole row
// first, one exponential an element; 16-byte loads, so aligned rows only.
constexpr uint32_t kRegisterVocab = 2048;

template <class T>
__global__ void __launch_bounds__(kBlock) register_kernel(Job job) {
  constexpr int kVectors = kRegisterVocab / 32 / T::kPerVector;
  const uint32_t index = blockIdx.x * (kBlock / 32) + threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  if (index >= job.rows) return;
  const char* row = job.logits + index * job.stride * T::kSize;
  const int vectors = job.vocab / T::kPerVector;
  const float cap = (float)job.softcap;
  float x[kVectors][T::kPerVector];
#pragma unroll
  for (int k = 0; k < kVectors; ++k) {
    Vector v = {{T::kLowest, T::kLowest, T::kLowest, T::kLowest}};
    load(v, row + (lane + k * 32) * sizeof(Vector), lane + k * 32 < vectors);
    unpack<T>(v, x[k]);
  }
  float top = -FLT_MAX;
#pragma unroll
  for (int k = 0; k < kVectors; ++k) {
    for (int i = 0; i < T::kPerVector; ++i) {
      if (lane + k * 32 < vectors) x[k][i] = capped(x[k][i], cap);
      top = fmaxf(top, x[k][i]);
    }
  }
  for (int d = 16; d > 0; d /= 2) top = fmaxf(top, __shfl_xor_sync(kWarp, top, d));
  float sum = 0;
#pragma unroll
  for (int k = 0; k < kVectors; ++k) {
    for (int i = 0; i < T::kPerVector; ++i) sum += exp2_fast((x[k][i] - top) * kLog2e);
  }
  for (int d = 16; d > 0; d /= 2) sum += __shfl_xor_sync(kWarp, sum, d);
  if (lane > 0) return;
  const float target = capped(element<T>(row, job.targets[index]), cap);
  job.nats[index] = sum == 0 ? NAN : (float)(log((double)sum) + ((double)top - (double)target));
}

struct Version {
  const char* name;
  int lanes;  // of the shipped kernel, 0 for its own choice; negative: -1 simple, -2 registers

  bool applies(uint32_t vocab, bool aligned) const {
    if (lanes == -2) return vocab <= kRegisterVocab && aligned;
    return lanes != 8 || vocab <= 1024;  // no launch gives a long row to 8 lanes
  }
};

constexpr Version kVersions[] = {
    {"block a row, online", -1}, {"warp a row, registers", -2}, {"shipped", 0},
    {"shipped, 8 lanes", 8},     {"shipped, 32 lanes", 32},     {"shipped, 256 lanes", 256}};

template <class T>
void launch_version(const Version& version, const Job& job, int multiprocessors) {
  if (version.lanes == -1) {
    simple_kernel<T><<<job.rows, kBlock>>>(job);
  } else if (version.lanes == -2) {
    register_kernel<T><<<(job.rows + 7) / 8, kBlock>>>(job);
  } else {
    Request q = {};
    q.logits = job.logits;
    q.row_bytes = job.stride * T::kSize;
    q.targets = job.targets;
    q.vocab = job.vocab;
    q.schedule.count = job.rows;
    q.nats = job.nats;
    q.flags = job.flags;
    LAB_CHECK(launch<T>(q, job.softcap, version.lanes, multiprocessors, nullptr));
  }
  LAB_CHECK(cudaGetLastError());
}

inline void launch_version(const Version& version, const Job& job, int multiprocessors) {
  switch (job.type) {
    case BPB_FP32: return launch_version<Fp32>(version, job, multiprocessors);
    case BPB_FP16: return launch_version<Fp16>(version, job, multiprocessors);
    case BPB_BF16: return launch_version<Bf16>(version, job, multiprocessors);
  }
}

}  // namespace bench

#endif  // BPB_BENCH_VERSIONS_CUH_
