// The node SwiGlu.
#include "cpu/kernels.h"
#include "operator_list.h"

namespace bpb {

namespace {

constexpr Kernels<bpb_swiglu> kKernels = {&cpu::swiglu, &CudaLibrary::swiglu};

class SwiGlu : public Kernel {
 public:
  SwiGlu(const NodeInfo&, bpb_type type, const Backend& backend) : type_(type), backend_(backend) {}

  void run(Call& call) override {
    const Tensor gate = call.input(0), up = call.input(1);
    const size_t stride = gate.last();
    bpb_swiglu a = {type_, gate.rows(), stride, stride, stride, gate.data, up.data, nullptr};
    std::vector<int64_t> dims = gate.dims;
    if (up) {
      if (up.dims != gate.dims)
        refuse(kSwiGlu,
               "gate and up must have one shape, and have " + gate.shape() + " and " + up.shape());
    } else {
      if (stride % 2 != 0) refuse(kSwiGlu, "the last axis must be two halves, got " + gate.shape());
      a.width = stride / 2;
      a.up = static_cast<const char*>(gate.data) + a.width * bpb_type_size(type_);
      dims.back() = static_cast<int64_t>(a.width);
    }
    a.y = call.output(0, dims);
    if (a.rows == 0 || a.width == 0) return;
    launch(backend_, call, a, kKernels, a.rows, grain_of(a.width));
  }

 private:
  const bpb_type type_;
  const Backend backend_;
};

}  // namespace

const OperatorInfo kSwiGlu = {
    "SwiGlu",
    {{"gate", Element::kActivation, false}, {"up", Element::kActivation, true}},
    {{"y", Element::kActivation, false}},
    true,
    make_kernel<SwiGlu>,
};

}  // namespace bpb
