// The node SumNorm.
#include "cpu/kernels.h"
#include "operator_list.h"

namespace bpb {

namespace {

constexpr Kernels<bpb_sum_norm> kKernels = {&cpu::sum_norm, &CudaLibrary::sum_norm};

enum Input { kX = 0, kFactor = BPB_SUM_TERMS, kCarry = 2 * BPB_SUM_TERMS, kGain };

class SumNorm : public Kernel {
 public:
  SumNorm(const NodeInfo& node, bpb_type type, const Backend& backend)
      : type_(type),
        backend_(backend),
        first_terms_(static_cast<int>(node.integer("first_terms", 0, BPB_SUM_TERMS))),
        epsilon_(node.number("epsilon", 0)) {}

  void run(Call& call) override {
    bpb_sum_norm a = {};
    a.type = type_;
    const Tensor x = call.input(kX);
    a.rows = x.rows();
    a.width = x.last();
    for (int k = 0; k < BPB_SUM_TERMS; k++) {
      const Tensor term = k == 0 ? x : call.input(static_cast<size_t>(kX + k));
      const float* factor = vector(call, static_cast<size_t>(kFactor + k), a.width);
      const std::string name = kSumNorm.inputs[kX + k].name;
      if (!term) {
        if (factor == nullptr) continue;
        refuse(kSumNorm, std::string(kSumNorm.inputs[kFactor + k].name) + " needs " + name +
                             ", which is not there");
      }
      if (k != a.terms) {
        refuse(kSumNorm, "terms must come one after the other: there is " + name + " and no x" +
                             std::to_string(a.terms));
      }
      if (term.dims != x.dims) {
        refuse(kSumNorm,
               name + " must have the shape of x0, " + x.shape() + ", and has " + term.shape());
      }
      a.x[k] = term.data;
      a.factor[k] = factor;
      a.terms++;
    }
    if (first_terms_ > a.terms) {
      refuse(kSumNorm, "first_terms must be within the number of terms, " +
                           std::to_string(a.terms) + ", and is " + std::to_string(first_terms_));
    }
    a.first_terms = first_terms_;
    a.carry = vector(call, kCarry, a.width);
    a.gain = vector(call, kGain, a.width);
    a.epsilon = epsilon_;
    a.first = call.output(0, x.dims);
    if (a.first != nullptr && a.first_terms == 0) {
      refuse(kSumNorm, "the output first needs first_terms of 1 or more, and it is 0");
    }
    a.sum = call.output(1, x.dims);
    a.norm = call.output(2, x.dims);
    if (a.rows == 0) return;
    launch(backend_, call, a, kKernels, a.rows, grain_of(a.width));
  }

 private:
  static const float* vector(const Call& call, size_t index, size_t width) {
    const Tensor tensor = call.input(index);
    if (!tensor) return nullptr;
    if (tensor.elements() != width)
      refuse(kSumNorm, std::string(kSumNorm.inputs[index].name) +
                           " must have one number for each of " + std::to_string(width) +
                           " channels, and has the shape " + tensor.shape());
    return static_cast<const float*>(tensor.data);
  }

  const bpb_type type_;
  const Backend backend_;
  const int first_terms_;
  const float epsilon_;
};

}  // namespace

const OperatorInfo kSumNorm = {
    "SumNorm",
    {{"x0", Element::kActivation, false},
     {"x1", Element::kActivation, true},
     {"x2", Element::kActivation, true},
     {"x3", Element::kActivation, true},
     {"factor0", Element::kFloat, true},
     {"factor1", Element::kFloat, true},
     {"factor2", Element::kFloat, true},
     {"factor3", Element::kFloat, true},
     {"carry", Element::kFloat, true},
     {"gain", Element::kFloat, true}},
    {{"first", Element::kActivation, true},
     {"sum", Element::kActivation, true},
     {"norm", Element::kActivation, true}},
    true,
    make_kernel<SumNorm>,
};

}  // namespace bpb
