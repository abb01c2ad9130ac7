// Runs the operators' kernels on the CPU, every thread a fiber, and prints, one JSON object a line, whether their
// results are the float64 reference's within the bounds of each operator, every element stored once and nothing
// outside. An argument is the seed of the operands.
#include <algorithm>

#include "emulate.h"

// First, because the kernels are CUDA.
#include "fibers.h"

namespace {

// First byte and length of each store of a kernel.
std::vector<std::pair<const char*, size_t>> stores;

inline void note_store(const void* to, size_t bytes) {
  stores.emplace_back((const char*)to, bytes);
}

bool stored_twice() {
  std::sort(stores.begin(), stores.end());
  for (size_t i = 1; i < stores.size(); ++i) {
    if (stores[i - 1].first + stores[i - 1].second > stores[i].first) return true;
  }
  return false;
}

}  // namespace

#define BPB_HOST_STORED(to, bytes) note_store(to, bytes)

#include "../../native/bench/operators/check_cases.h"
#include "../../native/src/cuda/operators/elementwise.cuh"
#include "../../native/src/cuda/operators/mistakes.h"
#include "../../native/src/cuda/operators/split_norm_rotary.cuh"
#include "../../native/src/cuda/operators/sum_norm.cuh"

namespace {

using namespace bpb::cuda;

template <class T, int kPieces>
void run_pieces(const SumNorm& q, const SumNormPlan& plan) {
  const auto launch = [&](const std::function<void()>& kernel) {
    fibers::launch(plan.blocks, kernel, (int)plan.threads);
  };
  constexpr int kCount = T::kPerVector;
  if (q.terms == 1) launch([&] { sum_norm_kernel<T, kCount, kPieces, 1>(q); });
  if (q.terms == 2) launch([&] { sum_norm_kernel<T, kCount, kPieces, 2>(q); });
  if (q.terms == 3) launch([&] { sum_norm_kernel<T, kCount, kPieces, 3>(q); });
  if (q.terms == 4) launch([&] { sum_norm_kernel<T, kCount, kPieces, 4>(q); });
}

template <class T>
void run(const bpb_sum_norm& a) {
  const SumNormPlan plan = plan_sum_norm(a);
  const SumNorm q = request_of(a, plan);
  const int threads = (int)plan.threads;
  if (plan.pieces == 0) {
    fibers::launch(plan.blocks, [&] { sum_norm_wide_kernel<T>(q); }, threads);
  } else if (!plan.vectors) {
    fibers::launch(plan.blocks, [&] { sum_norm_kernel<T, 1, 16, 4>(q); }, threads);
  } else if (plan.pieces == 2) {
    run_pieces<T, 2>(q, plan);
  } else {
    run_pieces<T, 4>(q, plan);
  }
}

template <class T>
void run(const bpb_split_norm_rotary& a) {
  const SplitNormRotaryPlan plan = plan_split_norm_rotary(a);
  const SplitNormRotary q = request_of(a, plan);
  fibers::launch(plan.blocks, [&] {
    if (plan.vectors && q.interleaved) return split_norm_rotary_kernel<T, true>(q);
    if (plan.vectors) return split_norm_rotary_kernel<T, false>(q);
    split_norm_rotary_wide_kernel<T>(q);
  });
}

template <class T>
void run(const bpb_squared_relu& a) {
  const ElementwisePlan plan = plan_squared_relu(a);
  const SquaredRelu q = {(const char*)a.x, (char*)a.y, a.count, a.slope};
  fibers::launch(plan.blocks, [&] {
    if (plan.vectors) return squared_relu_kernel<T, T::kPerVector>(q);
    squared_relu_kernel<T, 1>(q);
  });
}

template <class T>
void run(const bpb_swiglu& a) {
  SwiGluPlan plan = plan_swiglu(a);
  // As for a matrix of more pieces than one launch takes.
  if (a.rows > 4) plan.rows = 4;
  for (size_t row = 0; row < a.rows; row += plan.rows) {
    const SwiGlu q = request_of(a, plan, row);
    fibers::launch(blocks_of(q), [&] {
      if (plan.vectors) return swiglu_kernel<T, T::kPerVector>(q);
      swiglu_kernel<T, 1>(q);
    });
  }
}

// What is wrong with the arguments or the stores, or "".
template <class Arguments>
std::string emulate(const Arguments& a) {
  if (const char* what = mistake(a)) return what;
  stores.clear();
  if (a.type == BPB_FP32) run<Fp32>(a);
  if (a.type == BPB_FP16) run<Fp16>(a);
  if (a.type == BPB_BF16) run<Bf16>(a);
  return stored_twice() ? "an element is stored twice" : "";
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t seed = argc > 1 ? strtoull(argv[1], nullptr, 10) : 1;
  bench::check_operators(seed, [](auto& call) { return emulate(call.arguments); });
}
