// Correctness of the operators on a device: the table of cases through the C interface.
#ifndef BPB_BENCH_OPERATORS_CHECK_CUH_
#define BPB_BENCH_OPERATORS_CHECK_CUH_

#include "../../src/cuda/operators/operators_cuda.h"
#include "../device.cuh"
#include "check_cases.h"

namespace bench {

inline int queue(const bpb_sum_norm& a, bpb_error* error) {
  return bpb_cuda_sum_norm(&a, nullptr, error);
}
inline int queue(const bpb_split_norm_rotary& a, bpb_error* error) {
  return bpb_cuda_split_norm_rotary(&a, nullptr, error);
}
inline int queue(const bpb_squared_relu& a, bpb_error* error) {
  return bpb_cuda_squared_relu(&a, nullptr, error);
}
inline int queue(const bpb_swiglu& a, bpb_error* error) {
  return bpb_cuda_swiglu(&a, nullptr, error);
}

// Runs a call on the device, guards and all: what it left there replaces the operands. What went wrong, or "".
template <class Arguments>
std::string run_on_device(Call<Arguments>& call) {
  Arguments there = call.arguments;
  std::list<Buffer<uint8_t>> copies;
  const Buffer<int64_t> positions(call.positions);
  for (const Tensor& operand : call.operands) {
    copies.emplace_back(operand.bytes());
    uint8_t* const device = copies.back().get();
    LAB_CHECK(cudaMemcpy(device, operand.memory(), operand.bytes(), cudaMemcpyHostToDevice));
    each_pointer(there, [&](auto& pointer) {
      const uint8_t* const at = (const uint8_t*)pointer;
      if (at < operand.memory() || at >= operand.memory() + operand.bytes()) return;
      pointer = (std::remove_reference_t<decltype(pointer)>)(device + (at - operand.memory()));
    });
  }
  each_pointer(there, [&](auto& pointer) {
    if ((const void*)pointer != (const void*)call.positions.data() || !pointer) return;
    pointer = (std::remove_reference_t<decltype(pointer)>)positions.get();
  });
  bpb_error error = {};
  if (queue(there, &error)) return error.message;
  LAB_CHECK(cudaDeviceSynchronize());
  auto copy = copies.begin();
  for (Tensor& operand : call.operands) {
    LAB_CHECK(
        cudaMemcpy(operand.memory(), (copy++)->get(), operand.bytes(), cudaMemcpyDeviceToHost));
  }
  return "";
}

}  // namespace bench

#endif  // BPB_BENCH_OPERATORS_CHECK_CUH_
