// The node Product.
#include "../tensors.h"
#include "cpu/product.h"
#include "operator_list.h"

namespace bpb {

namespace {

enum Input {
  kX,
  kWeights,
  kGain,
  kBias,
  kFactor,
  kAdded,
  kAddedFactor = kAdded + BPB_PRODUCT_TERMS
};

class Product : public Kernel {
 public:
  Product(const NodeInfo& node, bpb_type, const Backend&) : transposed_(node.flag("transposed")) {
    shape_.norm = node.flag("norm");
    shape_.epsilon = node.number("epsilon", 0);
    shape_.squared_relu = node.flag("squared_relu");
    shape_.slope = node.number("slope", 0, 1);
    const Tensor weights = node.constant(kWeights);
    if (!weights || weights.dims.size() != 2) {
      refuse(kProduct, "weights must be a constant matrix, got " +
                           (weights ? weights.shape() : "what is none"));
    }
    const auto size = [&](size_t axis) { return static_cast<size_t>(weights.dims[axis]); };
    shape_.inner = size(transposed_ ? 1 : 0);
    shape_.width = size(transposed_ ? 0 : 1);
    weights_ = cpu::product_weights(static_cast<const float*>(weights.data), shape_.inner,
                                    shape_.width, transposed_);
    shape_.weights = weights_.get();
  }

  void run(Call& call) override {
    bpb_product a = shape_;
    const Tensor x = call.input(kX);
    if (x.dims.empty() || x.last() != a.inner) {
      refuse(kProduct, "x must have rows of " + std::to_string(a.inner) +
                           " elements, as the weights have, and has the shape " + x.shape());
    }
    a.x = static_cast<const float*>(x.data);
    std::vector<int64_t> dims = x.dims;
    dims.back() = static_cast<int64_t>(a.width);
    a.rows = 1;
    for (size_t axis = 0; axis + 1 < dims.size(); axis++) a.rows *= static_cast<size_t>(dims[axis]);
    a.gain = vector(call, kGain, a.inner);
    if (a.gain != nullptr && !a.norm) refuse(kProduct, "gain needs norm of 1, and it is 0");
    a.bias = vector(call, kBias, a.width);
    a.factor = vector(call, kFactor, a.width);
    for (size_t t = 0; t < BPB_PRODUCT_TERMS; t++) {
      const Tensor term = call.input(kAdded + t);
      const std::string name = kProduct.inputs[kAdded + t].name;
      if (term && term.dims != dims) {
        refuse(kProduct, name + " must have the shape of y, " + shape_text(dims) + ", and has " +
                             term.shape());
      }
      a.added[t] = static_cast<const float*>(term.data);
      a.added_factor[t] = vector(call, kAddedFactor + t, a.width);
      if (!term && a.added_factor[t] != nullptr) {
        refuse(kProduct, "the factor of " + name + " needs it, and it is not there");
      }
    }
    a.y = static_cast<float*>(call.output(0, dims));
    call.ranges(cpu::product_pieces(a), 1,
                [&](size_t from, size_t to) { cpu::product(a, from, to); });
  }

 private:
  // Null where the input is not connected.
  static const float* vector(const Call& call, size_t index, size_t size) {
    const Tensor tensor = call.input(index);
    if (!tensor) return nullptr;
    if (tensor.elements() != size) {
      refuse(kProduct, std::string(kProduct.inputs[index].name) + " must have " +
                           std::to_string(size) + " elements, and has the shape " + tensor.shape());
    }
    return static_cast<const float*>(tensor.data);
  }

  const bool transposed_;
  bpb_product shape_ = {};  // what the attributes and the weights say
  cpu::Weights weights_;
};

}  // namespace

const OperatorInfo kProduct = {
    "Product",
    {{"x", Element::kFloat, false},
     {"weights", Element::kFloat, false},
     {"gain", Element::kFloat, true},
     {"bias", Element::kFloat, true},
     {"factor", Element::kFloat, true},
     {"added0", Element::kFloat, true},
     {"added1", Element::kFloat, true},
     {"added_factor0", Element::kFloat, true},
     {"added_factor1", Element::kFloat, true}},
    {{"y", Element::kFloat, false}},
    false,
    make_kernel<Product>,
};

}  // namespace bpb
