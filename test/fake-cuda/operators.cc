// The operators of libbpb_cuda for a machine without nvcc: launches as the real library's, by kernel, grid and
// block; and for both, that what a kernel reads and writes is in device memory.
#include <string.h>

#include <algorithm>

#include <initializer_list>

#include "cuda/operators/elementwise.h"
#include "cuda/operators/mistakes.h"
#include "cuda/operators/operators_cuda.h"
#include "cuda/operators/split_norm_rotary.h"
#include "cuda/operators/sum_norm.h"
#include "fake.h"
#include "runtime.h"

namespace {

using namespace bpb::cuda;

// Whether the arguments are right; else `error` says why not.
template <class Arguments>
bool right(const Arguments& arguments, const char* name, bpb_error* error) {
  const char* what = mistake(arguments);
  if (what != nullptr) BPB_FAIL(error, "BPB_CUDA_ARGUMENT", "%s: %s", name, what);
  return what == nullptr;
}

size_t size_of(bpb_type type) { return type == BPB_FP32 ? 4 : 2; }

// Bytes that an operator reads and writes at least: each argument once.
uint64_t moved(const bpb_sum_norm& a) {
  const auto given = [](const void* at) { return uint64_t{at != nullptr}; };
  uint64_t activations = a.terms + given(a.first) + given(a.sum) + given(a.norm);
  uint64_t vectors = given(a.carry) + given(a.gain);
  for (int i = 0; i < a.terms; i++) vectors += given(a.factor[i]);
  return activations * a.rows * a.width * size_of(a.type) + vectors * a.width * sizeof(float);
}

uint64_t moved(const bpb_split_norm_rotary& a) {
  const uint64_t heads = a.q_heads + a.k_heads + a.v_heads;
  const uint64_t gains =
      (a.q_gain != nullptr ? a.q_heads : 0) + (a.k_gain != nullptr ? a.k_heads : 0);
  return 2 * a.rows * heads * a.head_size * size_of(a.type) + gains * a.head_size * sizeof(float) +
         a.time * a.rotary_size * sizeof(float) +
         (a.positions != nullptr ? a.rows * sizeof(int64_t) : 0);
}

uint64_t moved(const bpb_squared_relu& a) { return 2 * a.count * size_of(a.type); }

uint64_t moved(const bpb_swiglu& a, size_t rows) { return 3 * rows * a.width * size_of(a.type); }

template <class Request>
int launch(const char* kernel, uint32_t blocks, uint32_t threads, Request request, uint64_t moves,
           void* stream, bpb_error* error) {
  void* arguments[] = {&request};
  const int status =
      fake::launch(kernel, {blocks, 1, 1}, {threads, 1, 1}, 0, arguments, stream, moves);
  if (status == fake::kSuccess) return 0;
  BPB_FAIL(error, "BPB_CUDA_RUN", "launching %s: %s (%s)", kernel, cudaGetErrorString(status),
           cudaGetErrorName(status));
  return -1;
}

}  // namespace

FAKE_EXPORT int bpb_cuda_sum_norm(const bpb_sum_norm* a, void* stream, bpb_error* error) {
  if (!right(*a, "SumNorm", error)) return -1;
  if (a->rows == 0 || a->width == 0) return 0;
  const SumNormPlan plan = plan_sum_norm(*a);
  return launch(plan.pieces == 0 ? "sum_norm_wide_kernel" : "sum_norm_kernel", plan.blocks,
                plan.threads, request_of(*a, plan), moved(*a), stream, error);
}

FAKE_EXPORT int bpb_cuda_split_norm_rotary(const bpb_split_norm_rotary* a, void* stream,
                                           bpb_error* error) {
  if (!right(*a, "SplitNormRotary", error)) return -1;
  if (a->rows == 0) return 0;
  const SplitNormRotaryPlan plan = plan_split_norm_rotary(*a);
  return launch(plan.vectors ? "split_norm_rotary_kernel" : "split_norm_rotary_wide_kernel",
                plan.blocks, kBlock, request_of(*a, plan), moved(*a), stream, error);
}

FAKE_EXPORT int bpb_cuda_squared_relu(const bpb_squared_relu* a, void* stream, bpb_error* error) {
  if (!right(*a, "SquaredRelu", error)) return -1;
  if (a->count == 0) return 0;
  const SquaredRelu q = {(const char*)a->x, (char*)a->y, a->count, a->slope};
  return launch("squared_relu_kernel", plan_squared_relu(*a).blocks, kBlock, q, moved(*a), stream,
                error);
}

FAKE_EXPORT int bpb_cuda_swiglu(const bpb_swiglu* a, void* stream, bpb_error* error) {
  if (!right(*a, "SwiGlu", error)) return -1;
  if (a->rows == 0 || a->width == 0) return 0;
  const SwiGluPlan plan = plan_swiglu(*a);
  for (size_t row = 0; row < a->rows; row += plan.rows) {
    const SwiGlu q = request_of(*a, plan, row);
    const uint64_t moves = moved(*a, std::min(plan.rows, a->rows - row));
    if (launch("swiglu_kernel", blocks_of(q), kBlock, q, moves, stream, error) != 0) return -1;
  }
  return 0;
}

namespace fake {

namespace {

// The request does not say its type: an element is 2 bytes or more.
constexpr size_t kElement = 2;

void check(const char* name, const char* what, const void* at, size_t bytes) {
  if (at == nullptr || bytes == 0 || shadow(at, bytes) != nullptr) return;
  log("REFUSED %s: %s is not within one allocation of device memory", name, what);
}

void check(const char* name, const SumNorm& q) {
  const size_t bytes = (size_t)q.rows * q.width * kElement, table = q.width * sizeof(float);
  for (int i = 0; i < q.terms; i++) {
    check(name, "a term", q.x[i], bytes);
    check(name, "a factor", q.factor[i], table);
  }
  check(name, "carry", q.carry, table);
  check(name, "gain", q.gain, table);
  for (const char* out : {q.first, q.sum, q.norm}) check(name, "an output", out, bytes);
}

void check(const char* name, const SplitNormRotary& q) {
  check(name, "x", q.x, (size_t)q.rows * q.heads.divisor * q.head_size * kElement);
  check(name, "positions", q.positions, q.rows * sizeof(int64_t));
  for (const float* table : {q.cos, q.sin}) {
    check(name, "a table", table, (size_t)q.time.divisor * q.pairs * sizeof(float));
  }
  for (const Heads& part : q.part) {
    check(name, "an output", part.to, (size_t)q.rows * part.count * q.head_size * kElement);
    check(name, "a gain", part.gain, (size_t)part.count * q.head_size * sizeof(float));
  }
}

void check(const char* name, const SquaredRelu& q) {
  check(name, "x", q.x, q.count * kElement);
  check(name, "y", q.y, q.count * kElement);
}

void check(const char* name, const SwiGlu& q) {
  check(name, "gate", q.gate, (q.rows - 1) * q.gate_bytes + q.y_bytes);
  check(name, "up", q.up, (q.rows - 1) * q.up_bytes + q.y_bytes);
  check(name, "y", q.y, q.rows * q.y_bytes);
}

}  // namespace

void imitate_operator(const char* name, void** arguments) {
  const auto is = [&](const char* kernel) { return strstr(name, kernel) != nullptr; };
  // Other libraries have kernels of like names, and other arguments.
  if (strncmp(name, "_Z", 2) == 0 && !is("bpb4cuda")) return;
  if (is("split_norm_rotary")) check(name, *static_cast<SplitNormRotary*>(arguments[0]));
  if (is("sum_norm_")) check(name, *static_cast<SumNorm*>(arguments[0]));
  if (is("squared_relu_")) check(name, *static_cast<SquaredRelu*>(arguments[0]));
  if (is("swiglu_")) check(name, *static_cast<SwiGlu*>(arguments[0]));
}

}  // namespace fake
