// Stands in for the operators of libbpb_cuda: the stand-in's sessions run on the CPU and never ask for them.
#include "cuda/operators/operators_cuda.h"

namespace {

int refuse(bpb_error* error, const char* name) {
  BPB_FAIL(error, "BPB_CUDA_RUN", "fake GPU: %s has no kernel here", name);
  return -1;
}

}  // namespace

extern "C" int bpb_cuda_sum_norm(const bpb_sum_norm*, void*, bpb_error* error) {
  return refuse(error, "SumNorm");
}
extern "C" int bpb_cuda_split_norm_rotary(const bpb_split_norm_rotary*, void*, bpb_error* error) {
  return refuse(error, "SplitNormRotary");
}
extern "C" int bpb_cuda_squared_relu(const bpb_squared_relu*, void*, bpb_error* error) {
  return refuse(error, "SquaredRelu");
}
extern "C" int bpb_cuda_swiglu(const bpb_swiglu*, void*, bpb_error* error) {
  return refuse(error, "SwiGlu");
}
