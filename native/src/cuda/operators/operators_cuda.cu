// C interface of the operators' kernels: checks of arguments, error messages, launches.
#include "operators_cuda.h"

#include "../failure.h"
#include "launch.cuh"
#include "mistakes.h"

namespace {

using namespace bpb::cuda;

bool empty(const bpb_sum_norm& a) { return a.rows == 0 || a.width == 0; }
bool empty(const bpb_split_norm_rotary& a) { return a.rows == 0; }
bool empty(const bpb_squared_relu& a) { return a.count == 0; }
bool empty(const bpb_swiglu& a) { return a.rows == 0 || a.width == 0; }

template <class Arguments>
int run(const Arguments& arguments, const char* name, void* stream, bpb_error* error) {
  if (const char* what = mistake(arguments)) {
    BPB_FAIL(error, "BPB_CUDA_ARGUMENT", "%s: %s", name, what);
    return -1;
  }
  if (empty(arguments)) return 0;
  const cudaStream_t queue = (cudaStream_t)stream;
  cudaError_t status = cudaErrorInvalidValue;
  switch (arguments.type) {
    case BPB_FP32: status = launch<Fp32>(arguments, queue); break;
    case BPB_FP16: status = launch<Fp16>(arguments, queue); break;
    case BPB_BF16: status = launch<Bf16>(arguments, queue); break;
  }
  char doing[64];
  snprintf(doing, sizeof doing, "launching %s", name);
  return failed(status, doing, error) ? -1 : 0;
}

}  // namespace

extern "C" int bpb_cuda_sum_norm(const bpb_sum_norm* arguments, void* stream, bpb_error* error) {
  return run(*arguments, "SumNorm", stream, error);
}

extern "C" int bpb_cuda_split_norm_rotary(const bpb_split_norm_rotary* arguments, void* stream,
                                          bpb_error* error) {
  return run(*arguments, "SplitNormRotary", stream, error);
}

extern "C" int bpb_cuda_squared_relu(const bpb_squared_relu* arguments, void* stream,
                                     bpb_error* error) {
  return run(*arguments, "SquaredRelu", stream, error);
}

extern "C" int bpb_cuda_swiglu(const bpb_swiglu* arguments, void* stream, bpb_error* error) {
  return run(*arguments, "SwiGlu", stream, error);
}
