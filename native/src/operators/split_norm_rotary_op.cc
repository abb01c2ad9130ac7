// The node SplitNormRotary.
#include "cpu/kernels.h"
#include "operator_list.h"

namespace bpb {

namespace {

constexpr Kernels<bpb_split_norm_rotary> kKernels = {&cpu::split_norm_rotary,
                                                     &CudaLibrary::split_norm_rotary};

enum Input { kX, kCos, kSin, kQGain, kKGain, kPositions };

class SplitNormRotary : public Kernel {
 public:
  SplitNormRotary(const NodeInfo& node, bpb_type type, const Backend& backend) : backend_(backend) {
    const auto number = [&](const char* name, int64_t least) {
      const int64_t value = node.integer(name);
      constexpr int64_t kMost = 1 << 20;  // products of any two stay within 64 bits
      if (value < least || value > kMost) {
        refuse(kSplitNormRotary, std::string(name) + " is " + std::to_string(value) +
                                     ", expected " + std::to_string(least) + " to " +
                                     std::to_string(kMost));
      }
      return static_cast<int>(value);
    };
    shape_.type = type;
    shape_.time = static_cast<size_t>(number("time", 1));
    shape_.q_heads = number("q_heads", 0);
    shape_.k_heads = number("k_heads", 0);
    shape_.v_heads = number("v_heads", 0);
    shape_.head_size = number("head_size", 1);
    shape_.rotary_size = number("rotary_size", 0);
    shape_.interleaved = number("interleaved", 0);
    shape_.q_norm = number("q_norm", 0);
    shape_.k_norm = number("k_norm", 0);
    shape_.epsilon = node.number("epsilon");
    if (shape_.rotary_size % 2 != 0 || shape_.rotary_size > shape_.head_size) {
      refuse(kSplitNormRotary, "rotary_size must be even and at most head_size");
    }
    if (!(shape_.epsilon >= 0)) refuse(kSplitNormRotary, "epsilon must be a number from 0 on");
  }

  void run(Call& call) override {
    bpb_split_norm_rotary a = shape_;
    const size_t size = static_cast<size_t>(a.head_size);
    const size_t width = static_cast<size_t>(a.q_heads + a.k_heads + a.v_heads) * size;
    const Tensor x = call.input(kX), positions = call.input(kPositions);
    if (width == 0 || x.elements() % width != 0) {
      refuse(kSplitNormRotary, "x must have rows of all heads");
    }
    a.x = x.data;
    a.rows = x.elements() / width;
    const size_t half = static_cast<size_t>(a.rotary_size) / 2;
    a.cos = table(call, kCos, a.time * half, half);
    a.sin = table(call, kSin, a.time * half, half);
    if (half > 0 && (a.cos == nullptr || a.sin == nullptr)) {
      refuse(kSplitNormRotary, "a rotation needs cos and sin");
    }
    a.q_gain = table(call, kQGain, static_cast<size_t>(a.q_heads) * size, 0);
    a.k_gain = table(call, kKGain, static_cast<size_t>(a.k_heads) * size, 0);
    if (positions) {
      if (positions.elements() != a.rows) refuse(kSplitNormRotary, "one position a row is needed");
      a.positions = static_cast<const int64_t*>(positions.data);
    } else if (a.rows % a.time != 0) {
      refuse(kSplitNormRotary, "x must have whole rows of the time axis");
    }
    const auto shape = [&](int heads) -> std::vector<int64_t> {
      const int64_t time = static_cast<int64_t>(positions ? a.rows : a.time);
      const int64_t batch = positions ? 1 : static_cast<int64_t>(a.rows / a.time);
      return {batch, time, static_cast<int64_t>(heads) * a.head_size};
    };
    a.q = a.q_heads > 0 ? call.output(0, shape(a.q_heads)) : nullptr;
    a.k = a.k_heads > 0 ? call.output(1, shape(a.k_heads)) : nullptr;
    a.v = a.v_heads > 0 ? call.output(2, shape(a.v_heads)) : nullptr;
    if ((a.q_heads > 0 && a.q == nullptr) || (a.k_heads > 0 && a.k == nullptr) ||
        (a.v_heads > 0 && a.v == nullptr)) {
      refuse(kSplitNormRotary, "every kind of heads needs its output");
    }
    if (a.rows == 0) return;
    launch(backend_, call, a, kKernels, a.rows, grain_of(width));
  }

 private:
  // Of `least` elements or more, in rows of `last` where that is not 0; null where it is not connected.
  static const float* table(const Call& call, size_t index, size_t least, size_t last) {
    const Tensor tensor = call.input(index);
    if (!tensor) return nullptr;
    const std::string name = kSplitNormRotary.inputs[index].name;
    if (tensor.elements() < least) refuse(kSplitNormRotary, name + " is too short");
    if (last > 0 && tensor.last() != last) {
      refuse(kSplitNormRotary, name + " must have a column for each pair");
    }
    return static_cast<const float*>(tensor.data);
  }

  const Backend backend_;
  bpb_split_norm_rotary shape_ = {};  // what the attributes say
};

}  // namespace

const OperatorInfo kSplitNormRotary = {
    "SplitNormRotary",
    {{"x", Element::kActivation, false},
     {"cos", Element::kFloat, true},
     {"sin", Element::kFloat, true},
     {"q_gain", Element::kFloat, true},
     {"k_gain", Element::kFloat, true},
     {"positions", Element::kInt64, true}},
    {{"q", Element::kActivation, true},
     {"k", Element::kActivation, true},
     {"v", Element::kActivation, true}},
    true,
    make_kernel<SplitNormRotary>,
};

}  // namespace bpb
