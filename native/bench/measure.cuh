// Speed on a device: the ceilings first (copy, read-only sweep, clock), then every version on at least
// a given amount of logits, rotating between buffers that do not fit the cache together. Everything is
// printed as JSON, an object a line; table.mjs makes tables of them.
#ifndef BPB_BENCH_MEASURE_CUH_
#define BPB_BENCH_MEASURE_CUH_

#include "cases.h"
#include "versions.cuh"

namespace bench {

constexpr int kRepeats = 31;

// Normal deviates of the given width, different for every element and seed.
template <class T>
__global__ void fill_kernel(char* logits, size_t count, float width, uint64_t seed) {
  const size_t step = (size_t)gridDim.x * blockDim.x;
  for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step) {
    uint64_t z = (i + seed) * 0x9e3779b97f4a7c15ull;
    float sum = 0;
    for (int part = 0; part < 2; ++part) {
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
      z ^= z >> 27;
      for (int k = 0; k < 4; ++k) sum += (float)(z >> (16 * k) & 0xffff);
    }
    const float x = (sum * 0x1p-16f - 4) * 1.2247449f * width;
    if (T::kSize == 4) {
      ((float*)logits)[i] = x;
    } else if (T::kLowest == Fp16::kLowest) {
      ((__half*)logits)[i] = __float2half(x);
    } else {
      const uint32_t bits = __float_as_uint(x);
      ((uint16_t*)logits)[i] = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }
  }
}

inline void fill(bpb_type type, char* logits, size_t count, float width, uint64_t seed) {
  if (type == BPB_FP32) fill_kernel<Fp32><<<4096, 256>>>(logits, count, width, seed);
  if (type == BPB_FP16) fill_kernel<Fp16><<<4096, 256>>>(logits, count, width, seed);
  if (type == BPB_BF16) fill_kernel<Bf16><<<4096, 256>>>(logits, count, width, seed);
  LAB_CHECK(cudaGetLastError());
}

// Reads everything once with the scorer's own loads, four in flight a thread, and nothing else.
__global__ void __launch_bounds__(kBlock, kBlocksPerMultiprocessor)
    read_kernel(const char* from, size_t vectors, uint32_t* out) {
  uint32_t mixed = 0;
  const size_t step = (size_t)gridDim.x * kBlock;
  for (size_t i = (size_t)blockIdx.x * kBlock + threadIdx.x; i < vectors; i += 4 * step) {
    Vector v[4] = {};
    for (int k = 0; k < 4; ++k) {
      load(v[k], from + (i + k * step) * sizeof(Vector), i + k * step < vectors);
    }
    for (int k = 0; k < 4; ++k) mixed ^= v[k].word[0] ^ v[k].word[1] ^ v[k].word[2] ^ v[k].word[3];
  }
  if (mixed == 0x12345678) *out = mixed;  // never, as good as
}

// Cycles and nanoseconds of a multiprocessor at work.
__global__ void clock_kernel(uint64_t* cycles, uint64_t* nanoseconds, float* out) {
  uint64_t from, to;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(from));
  const uint64_t start = clock64();
  float x = threadIdx.x;
  for (int i = 0; i < 4000000; ++i) x = fmaf(x, 0.999f, 1.0f);
  const uint64_t stop = clock64();
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(to));
  out[threadIdx.x] = x;
  if (threadIdx.x == 0 && blockIdx.x == 0) {
    *cycles = stop - start;
    *nanoseconds = to - from;
  }
}

__global__ void exp2_kernel(const float* x, float* y) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = exp2_fast(x[i]);
}

// ex2.approx.ftz on every fp16 value whose power is a normal number.
inline void measure_exp2() {
  std::vector<float> x(65536);
  for (uint32_t bits = 0; bits < 65536; ++bits) x[bits] = from_half((uint16_t)bits);
  const Buffer<float> in(x);
  Buffer<float> out(65536);
  exp2_kernel<<<256, 256>>>(in.get(), out.get());
  const std::vector<float> y = out.read();
  double sum = 0, worst = 0;
  int count = 0;
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    if (!(fabsf(x[bits]) < 126)) continue;
    const double error = (double)y[bits] / exp2((double)x[bits]) - 1;
    sum += error;
    worst = fmax(worst, fabs(error));
    ++count;
  }
  // Without a single error log2 would be no number.
  printf("{\"kind\":\"exp2\",\"worst_log2\":%.2f,\"mean\":%.3g}\n", log2(fmax(worst, 0x1p-60)),
         sum / count);
}

struct Ceilings {
  double copy, read;  // GB/s: copy counts what it reads and what it writes
};

inline Ceilings measure_ceilings(char* a, char* b, size_t bytes, int multiprocessors) {
  const Timing copy = time_of(kRepeats, [&](int) {
    LAB_CHECK(cudaMemcpyAsync(b, a, bytes, cudaMemcpyDeviceToDevice));
  });
  Buffer<uint32_t> out(1);
  const Timing read = time_of(kRepeats, [&](int i) {
    read_kernel<<<multiprocessors * kBlocksPerMultiprocessor, kBlock>>>(i % 2 ? a : b, bytes / 16,
                                                                        out.get());
  });
  Buffer<uint64_t> cycles(1), nanoseconds(1);
  Buffer<float> sink(kBlock);
  clock_kernel<<<multiprocessors * 4, kBlock>>>(cycles.get(), nanoseconds.get(), sink.get());
  const Ceilings ceilings = {2 * bytes / copy.median / 1e6, bytes / read.median / 1e6};
  // A device that did nothing counted no time.
  const double passed = fmax(1, (double)nanoseconds.read()[0]);
  printf(
      "{\"kind\":\"ceilings\",\"bytes\":%zu,\"copy_gbs\":%.1f,\"read_gbs\":%.1f,\"sm_mhz\":%.0f}\n",
      bytes, ceilings.copy, ceilings.read, 1e3 * (double)cycles.read()[0] / passed);
  return ceilings;
}

constexpr uint32_t kSampled = 64;

inline uint32_t sampled_row(uint32_t k, uint32_t rows) {
  return (uint32_t)((uint64_t)k * (rows - 1) / (kSampled - 1));
}

// Nats of 64 rows of a job in float64: all versions of a shape are held against the same ones.
inline std::vector<double> expected_nats(const Job& job, const std::vector<int32_t>& targets) {
  std::vector<double> expected;
  Batch one = {job.type, 1, job.vocab, job.vocab, 0, {}, {}};
  one.memory.resize(job.vocab * job.size());
  for (uint32_t k = 0; k < kSampled; ++k) {
    const uint32_t row = sampled_row(k, job.rows);
    LAB_CHECK(cudaMemcpy(one.memory.data(), job.logits + row * job.stride * job.size(),
                         one.memory.size(), cudaMemcpyDeviceToHost));
    expected.push_back(reference_nats(one, 0, targets[row], job.softcap));
  }
  return expected;
}

// Largest error of those rows, and whether every row was written.
inline bool plausible(const std::vector<double>& expected, const std::vector<float>& nats,
                      double* worst) {
  bool ok = true;
  *worst = 0;
  for (const float x : nats) ok = ok && x == x;
  for (uint32_t k = 0; k < kSampled; ++k) {
    const double error = nats[sampled_row(k, (uint32_t)nats.size())] - expected[k];
    ok = ok && error == error;
    *worst = fmax(*worst, fabs(error));
  }
  return ok && *worst < 1e-5;
}

// Both halves of `memory` hold `bytes` each. Prints a line for each version.
inline int measure_shape(char* const memory[2], size_t bytes, bpb_type type, uint32_t vocab,
                         double softcap, float width, const Ceilings& ceilings,
                         int multiprocessors) {
  const size_t size = type == BPB_FP32 ? 4 : 2;
  const uint32_t rows = (uint32_t)((bytes + vocab * size - 1) / (vocab * size));
  Random random = {rows + vocab};
  std::vector<int32_t> ids;
  for (uint32_t row = 0; row < rows; ++row) ids.push_back((int32_t)random.below(vocab));
  const Buffer<int32_t> targets(ids);
  Buffer<float> nats(rows);
  Buffer<bpb_cuda_flags> flags(1);
  int failures = 0;
  const Job first = {memory[0],     type,    vocab,      rows,       vocab,
                     targets.get(), softcap, nats.get(), flags.get()};
  const std::vector<double> expected = expected_nats(first, ids);
  for (const Version& version : kVersions) {
    Job job = first;
    if (!version.applies(vocab, job.aligned())) continue;
    nats.poison();
    flags.poison();
    launch_version(version, job, multiprocessors);
    double worst;
    const bool ok = plausible(expected, nats.read(), &worst);
    // The first versions use the C library's functions and are no measure of correctness.
    failures += version.lanes >= 0 && !ok;
    // Alternating buffers that do not fit the cache together leave nothing of use in it.
    const Timing timing = time_of(kRepeats, [&](int i) {
      job.logits = memory[i % 2];
      launch_version(version, job, multiprocessors);
    });
    const double rate = (double)rows * vocab * size / timing.median / 1e6;
    printf("{\"kind\":\"time\",\"who\":\"bpb\",\"version\":\"%s\",\"type\":\"%s\",\"vocab\":%u,"
           "\"softcap\":%g,\"width\":%g,\"rows\":%u,\"ms\":%.5f,\"ms_low\":%.5f,\"ms_high\":%.5f,"
           "\"gbs\":%.1f,\"of_copy\":%.4f,\"of_read\":%.4f,\"worst\":%s,\"ok\":%s}\n",
           version.name, type_name(type), vocab, softcap, width, rows, timing.median, timing.low,
           timing.high, rate, rate / ceilings.copy, rate / ceilings.read,
           json_number(worst).c_str(), ok ? "true" : "false");
    fflush(stdout);
  }
  return failures;
}

inline int measure_all(double gib, int multiprocessors) {
  const size_t bytes = (size_t)(gib * 1024) << 20, room = bytes + (1 << 20);
  const Buffer<char> a(room), b(room);
  char* const memory[2] = {a.get(), b.get()};
  measure_exp2();
  fill(BPB_FP32, memory[0], bytes / 4, 4, 1);
  const Ceilings ceilings = measure_ceilings(memory[0], memory[1], bytes, multiprocessors);
  int failures = 0;
  for (const bpb_type type : {BPB_FP32, BPB_FP16, BPB_BF16}) {
    const size_t count = room / (type == BPB_FP32 ? 4 : 2);
    // Width 4 stays within the softcap's shorter polynomial, 8 mostly does not.
    for (const float width : {4.0f, 8.0f}) {
      fill(type, memory[0], count, width, 2);
      fill(type, memory[1], count, width, 3);
      for (const uint32_t vocab : {1024u, 4096u, 8192u, 50257u, 131072u}) {
        for (const double softcap : {0.0, 30.0}) {
          if (softcap == 0 && width > 4) continue;
          failures +=
              measure_shape(memory, bytes, type, vocab, softcap, width, ceilings, multiprocessors);
        }
      }
    }
  }
  return failures;
}

}  // namespace bench

#endif  // BPB_BENCH_MEASURE_CUH_
