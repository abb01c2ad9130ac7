// Speed on a device: the ceilings first (copy, read-only sweep, clock), then every version on at least
// a given amount of logits, rotating between buffers that do not fit the cache together.
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
  printf("ex2.approx.ftz on all fp16 within 126: largest relative error 2^%.2f, mean %.2e\n",
         log2(worst), sum / count);
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
  printf("copy %.0f GB/s (read + written), read-only sweep %.0f GB/s, %.0f MHz under load\n",
         ceilings.copy, ceilings.read,
         1e3 * (double)cycles.read()[0] / (double)nanoseconds.read()[0]);
  return ceilings;
}

// Errors of 64 rows of a timed job against float64, and whether every row was written.
inline bool plausible(const Job& job, const std::vector<int32_t>& targets,
                      const std::vector<float>& nats, double* worst) {
  bool ok = true;
  *worst = 0;
  Batch one = {job.type, 1, job.vocab, job.vocab, 0, {}, {}};
  one.memory.resize(job.vocab * job.size());
  for (const float x : nats) ok = ok && x == x;
  for (uint32_t k = 0; k < 64; ++k) {
    const uint32_t row = (uint32_t)((uint64_t)k * (job.rows - 1) / 63);
    LAB_CHECK(cudaMemcpy(one.memory.data(), job.logits + row * job.stride * job.size(),
                         one.memory.size(), cudaMemcpyDeviceToHost));
    const double error = nats[row] - reference_nats(one, 0, targets[row], job.softcap);
    *worst = fmax(*worst, fabs(error));
  }
  return ok && *worst < 1e-5;
}

// Both halves of `memory` hold `bytes` each. Prints a table row for each version.
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
  for (const Version& version : kVersions) {
    Job job = {memory[0], type, vocab, rows, vocab, targets.get(), softcap, nats.get(), flags.get()};
    if (version.lanes > 0 || !version.applies(vocab, job.aligned())) continue;
    nats.poison();
    flags.poison();
    launch_version(version, job, multiprocessors);
    double worst;
    const bool ok = plausible(job, ids, nats.read(), &worst);
    failures += version.lanes == 0 && !ok;
    // Alternating buffers of a gigabyte and more leave nothing of use in any cache.
    const Timing timing = time_of(kRepeats, [&](int i) {
      job.logits = memory[i % 2];
      launch_version(version, job, multiprocessors);
    });
    const double rate = (double)rows * vocab * size / timing.median / 1e6;
    printf("| %s | %u | %g | %g | %s | %.3f (%.3f–%.3f) | %.0f | %.1f %% | %.1f %% | %.1e%s |\n",
           type_name(type), vocab, softcap, width, version.name, timing.median, timing.low,
           timing.high, rate, 100 * rate / ceilings.copy, 100 * rate / ceilings.read, worst,
           ok ? "" : " WRONG");
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
  puts("\n| type | V | softcap | width | version | ms, median (quartiles) | GB/s | of copy | of read | "
       "error |");
  puts("| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |");
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
          failures += measure_shape(memory, bytes, type, vocab, softcap, width, ceilings,
                                    multiprocessors);
        }
      }
    }
  }
  return failures;
}

}  // namespace bench

#endif  // BPB_BENCH_MEASURE_CUH_
