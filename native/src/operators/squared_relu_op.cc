// The node SquaredRelu.
#include "cpu/kernels.h"
#include "operator_list.h"
#include "operators.h"

namespace bpb {

namespace {

class SquaredRelu : public Kernel {
 public:
  SquaredRelu(const NodeInfo& node, bpb_type type, const Backend& backend)
      : type_(type), backend_(backend), slope_(node.number("slope")) {
    if (!(slope_ >= 0 && slope_ < 1)) refuse(kSquaredRelu, "slope must be in [0, 1)");
  }

  void run(Call& call) override {
    const Tensor x = call.input(0);
    const bpb_squared_relu arguments = {type_, x.elements(), slope_, x.data,
                                        call.output(0, x.dims)};
    if (arguments.y == nullptr || arguments.count == 0) return;
    call.ranges(arguments.count, kGrain, [&](size_t from, size_t to) {
      cpu::squared_relu(backend_.isa, arguments, from, to);
    });
  }

 private:
  // Elements that are worth a thread of their own.
  static constexpr size_t kGrain = 1 << 14;

  const bpb_type type_;
  const Backend backend_;
  const float slope_;
};

}  // namespace

const OperatorInfo kSquaredRelu = {
    "SquaredRelu",
    {{"x", Element::kActivation, false}},
    {{"y", Element::kActivation, false}},
    false,
    false,
    [](const NodeInfo& node, bpb_type type, const Backend& backend) -> std::unique_ptr<Kernel> {
      return std::make_unique<SquaredRelu>(node, type, backend);
    },
};

}  // namespace bpb
