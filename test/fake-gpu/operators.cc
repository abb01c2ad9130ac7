// Stands in for the operators of libbpb_cuda: the CPU's kernels, for what a session of the stand-in runs on its
// own stream.
#include "cuda/operators/operators_cuda.h"
#include "fake.h"
#include "operators/cpu/kernels_isa.h"

namespace {

template <class Arguments>
int compute(void (*kernel)(const Arguments&, size_t, size_t), const Arguments& arguments,
            size_t count, void* stream, bpb_error* error) {
  if (stream == nullptr) {
    BPB_FAIL(error, "BPB_CUDA_RUN", "fake GPU: an operator without the stream of its session");
    return -1;
  }
  kernel(arguments, 0, count);
  return 0;
}

}  // namespace

extern "C" int bpb_cuda_sum_norm(const bpb_sum_norm* a, void* stream, bpb_error* error) {
  return compute(bpb::cpu::sum_norm_portable, *a, a->rows, stream, error);
}
extern "C" int bpb_cuda_split_norm_rotary(const bpb_split_norm_rotary* a, void* stream,
                                          bpb_error* error) {
  return compute(bpb::cpu::split_norm_rotary_portable, *a, a->rows, stream, error);
}
extern "C" int bpb_cuda_squared_relu(const bpb_squared_relu* a, void* stream, bpb_error* error) {
  return compute(bpb::cpu::squared_relu_portable, *a, a->count, stream, error);
}
extern "C" int bpb_cuda_swiglu(const bpb_swiglu* a, void* stream, bpb_error* error) {
  return compute(bpb::cpu::swiglu_portable, *a, a->rows, stream, error);
}
