// The node SquaredRelu.
#include "cpu/kernels.h"
#include "operator_list.h"

namespace bpb {

namespace {

constexpr Kernels<bpb_squared_relu> kKernels = {&cpu::squared_relu, &CudaLibrary::squared_relu};

class SquaredRelu : public Kernel {
 public:
  SquaredRelu(const NodeInfo& node, bpb_type type, const Backend& backend)
      : type_(type), backend_(backend), slope_(node.number("slope", 0, 1)) {}

  void run(Call& call) override {
    const Tensor x = call.input(0);
    const bpb_squared_relu a = {type_, x.elements(), slope_, x.data, call.output(0, x.dims)};
    if (a.count == 0) return;
    launch(backend_, call, a, kKernels, a.count, grain_of(1));
  }

 private:
  const bpb_type type_;
  const Backend backend_;
  const float slope_;
};

}  // namespace

const OperatorInfo kSquaredRelu = {
    "SquaredRelu",
    {{"x", Element::kActivation, false}},
    {{"y", Element::kActivation, false}},
    true,
    make_kernel<SquaredRelu>,
};

}  // namespace bpb
