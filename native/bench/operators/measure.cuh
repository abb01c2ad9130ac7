// Speed of the operators on a device, at the challenge's shapes: the kernels that go an element at a time, which are
// those for rows of no whole vectors, then the shipped ones, as a share of the copy measured in the same run.
#ifndef BPB_BENCH_OPERATORS_MEASURE_CUH_
#define BPB_BENCH_OPERATORS_MEASURE_CUH_

#include "../../src/cuda/operators/launch.cuh"
#include "../measure.cuh"
#include "check.cuh"

namespace bench {

constexpr size_t kTokens = 65536;

// One version of an operator on the operands of a turn, 0 or 1.
struct OperatorVersion {
  const char* name;
  std::function<void(int)> run;
};

inline void measure_operator(const char* name, const std::string& shape, bpb_type type,
                             size_t bytes, double copy,
                             const std::vector<OperatorVersion>& versions) {
  for (const OperatorVersion& version : versions) {
    const Timing timing = time_of(kRepeats, [&](int i) {
      version.run(i % 2);
      LAB_CHECK(cudaGetLastError());
    });
    const double rate = (double)bytes / timing.median / 1e6;
    printf("{\"kind\":\"operator\",\"operator\":\"%s\",\"shape\":\"%s\",\"type\":\"%s\","
           "\"version\":\"%s\",\"bytes\":%zu,\"ms\":%.5f,\"ms_low\":%.5f,\"ms_high\":%.5f,"
           "\"gbs\":%.1f,\"of_copy\":%.4f}\n",
           name, shape.c_str(), type_name(type), version.name, bytes, timing.median, timing.low,
           timing.high, rate, rate / copy);
    fflush(stdout);
  }
}

// Operands one after another in a turn's half of the memory; the caller has made it large enough.
struct Arena {
  char* at;
  template <class Element>
  Element* take(size_t bytes) {
    Element* const taken = (Element*)at;
    at += (bytes + 255) / 256 * 256;
    return taken;
  }
};

template <class T>
struct OperatorBench {
  bpb_type type;
  char* half[2];
  double copy;

  template <class Arguments>
  OperatorVersion shipped(const Arguments (&a)[2]) const {
    return {"shipped",
            [a0 = a[0], a1 = a[1]](int turn) { LAB_CHECK(launch<T>(turn ? a1 : a0, nullptr)); }};
  }

  void sum_norm(int terms, bool first) const {
    constexpr size_t width = 512, bytes = kTokens * width * T::kSize, table = width * 4;
    bpb_sum_norm a[2] = {};
    for (int turn = 0; turn < 2; ++turn) {
      Arena arena = {half[turn]};
      bpb_sum_norm& b = a[turn];
      b.type = type, b.rows = kTokens, b.width = width, b.terms = terms, b.epsilon = 1e-6f;
      b.first_terms = first ? 2 : 0;
      for (int i = 0; i < terms; ++i) b.x[i] = arena.take<void>(bytes);
      b.factor[1] = arena.take<float>(table);
      b.gain = arena.take<float>(table);
      if (first) b.first = arena.take<void>(bytes), b.carry = arena.take<float>(table);
      if (terms > 1) b.sum = arena.take<void>(bytes);
      b.norm = arena.take<void>(bytes);
    }
    const size_t passes = (size_t)terms + first + (terms > 1) + 1;
    measure_operator("SumNorm", std::to_string(terms) + (first ? " terms, first" : " terms"), type,
                     passes * bytes, copy,
                     {{"an element at a time",
                       [&](int turn) {
                         SumNormPlan plan = plan_sum_norm(a[turn]);
                         plan.lanes = kBlock;
                         sum_norm_wide_kernel<T><<<kTokens, kBlock>>>(request_of(a[turn], plan));
                       }},
                      shipped(a)});
  }

  void rotary(bool interleaved) const {
    constexpr size_t q = kTokens * 512 * T::kSize, k = q / 2, time = 1024, table = time * 32 * 4;
    bpb_split_norm_rotary a[2] = {};
    for (int turn = 0; turn < 2; ++turn) {
      Arena arena = {half[turn]};
      bpb_split_norm_rotary& b = a[turn];
      b.type = type, b.rows = kTokens, b.time = time, b.epsilon = 1e-6f;
      b.q_heads = 8, b.k_heads = b.v_heads = 4, b.head_size = b.rotary_size = 64;
      b.interleaved = interleaved, b.q_norm = b.k_norm = 1;
      b.x = arena.take<void>(2 * q);
      b.cos = arena.take<float>(table), b.sin = arena.take<float>(table);
      b.q_gain = arena.take<float>(512 * 4);
      b.q = arena.take<void>(q), b.k = arena.take<void>(k), b.v = arena.take<void>(k);
    }
    measure_operator("SplitNormRotary", interleaved ? "8/4/4 x 64, interleaved" : "8/4/4 x 64",
                     type, 4 * q, copy,
                     {{"an element at a time",
                       [&](int turn) {
                         const SplitNormRotaryPlan plan = {false, 32, kTokens * 16 / 8};
                         split_norm_rotary_wide_kernel<T>
                             <<<plan.blocks, kBlock>>>(request_of(a[turn], plan));
                       }},
                      shipped(a)});
  }

  void relu(size_t width) const {
    const size_t count = kTokens * width, bytes = count * T::kSize;
    bpb_squared_relu a[2];
    for (int turn = 0; turn < 2; ++turn) {
      Arena arena = {half[turn]};
      void* const x = arena.take<void>(bytes);
      a[turn] = {type, count, 0, x, arena.take<void>(bytes)};
    }
    measure_operator(
        "SquaredRelu", std::to_string(width), type, 2 * bytes, copy,
        {{"an element at a time",
          [&](int turn) {
            const SquaredRelu request = {(const char*)a[turn].x, (char*)a[turn].y, count, 0};
            squared_relu_kernel<T, 1><<<blocks_for(count, kBlock * kReluPieces), kBlock>>>(request);
          }},
         shipped(a)});
  }

  void glu(size_t width) const {
    const size_t bytes = kTokens * width * T::kSize;
    bpb_swiglu a[2];
    for (int turn = 0; turn < 2; ++turn) {
      Arena arena = {half[turn]};
      const char* const both = arena.take<char>(2 * bytes);
      a[turn] = {type,
                 kTokens,
                 width,
                 2 * width,
                 2 * width,
                 both,
                 both + width * T::kSize,
                 arena.take<void>(bytes)};
    }
    measure_operator("SwiGlu", std::to_string(width) + ", halves", type, 3 * bytes, copy,
                     {{"an element at a time",
                       [&](int turn) {
                         const SwiGluPlan plan = {false, (uint32_t)width, kTokens};
                         const SwiGlu request = request_of(a[turn], plan, 0);
                         swiglu_kernel<T, 1><<<blocks_of(request), kBlock>>>(request);
                       }},
                      shipped(a)});
  }

  void all() const {
    sum_norm(2, false);
    sum_norm(3, false);
    sum_norm(4, true);
    rotary(false);
    rotary(true);
    for (const size_t width : {1024, 2048}) relu(width), glu(width);
  }
};

// Needs 3.5 GiB of device memory.
inline void measure_operators(int multiprocessors) {
  constexpr size_t room = (size_t)7 << 28;
  const Buffer<char> a(room), b(room);
  fill(BPB_FP32, a.get(), room / 4, 1, 1);
  fill(BPB_FP32, b.get(), room / 4, 1, 2);
  const double copy = measure_ceilings(a.get(), b.get(), (size_t)1 << 29, multiprocessors).copy;
  OperatorBench<Fp32>{BPB_FP32, {a.get(), b.get()}, copy}.all();
  for (char* const half : {a.get(), b.get()}) fill(BPB_FP16, half, room / 2, 1, 3);
  OperatorBench<Fp16>{BPB_FP16, {a.get(), b.get()}, copy}.all();
  for (char* const half : {a.get(), b.get()}) fill(BPB_BF16, half, room / 2, 1, 4);
  OperatorBench<Bf16>{BPB_BF16, {a.get(), b.get()}, copy}.all();
}

}  // namespace bench

#endif  // BPB_BENCH_OPERATORS_MEASURE_CUH_
