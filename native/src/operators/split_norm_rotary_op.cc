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
      constexpr int64_t kMost = 1 << 20;  // products of any two stay within 64 bits
      return static_cast<int>(node.integer(name, least, kMost));
    };
    shape_.type = type;
    shape_.time = static_cast<size_t>(number("time", 1));
    shape_.q_heads = number("q_heads", 0);
    shape_.k_heads = number("k_heads", 0);
    shape_.v_heads = number("v_heads", 0);
    shape_.head_size = number("head_size", 1);
    shape_.rotary_size = number("rotary_size", 0);
    shape_.interleaved = node.flag("interleaved");
    shape_.q_norm = node.flag("q_norm");
    shape_.k_norm = node.flag("k_norm");
    shape_.epsilon = node.number("epsilon", 0);
    if (shape_.rotary_size % 2 != 0 || shape_.rotary_size > shape_.head_size) {
      refuse(kSplitNormRotary, "rotary_size must be even and at most head_size, " +
                                   std::to_string(shape_.head_size) + ", and is " +
                                   std::to_string(shape_.rotary_size));
    }
  }

  void run(Call& call) override {
    bpb_split_norm_rotary a = shape_;
    const size_t size = static_cast<size_t>(a.head_size);
    const size_t width = static_cast<size_t>(a.q_heads + a.k_heads + a.v_heads) * size;
    const Tensor x = call.input(kX), positions = call.input(kPositions);
    if (width == 0) refuse(kSplitNormRotary, "there must be heads of q, k or v");
    if (x.last() != width) {
      refuse(kSplitNormRotary, "x must have rows of all heads, " + std::to_string(width) +
                                   " elements, and has the shape " + x.shape());
    }
    a.x = x.data;
    a.rows = x.rows();
    const size_t half = static_cast<size_t>(a.rotary_size) / 2;
    if (half > 0) {
      a.cos = table(call, kCos, a.time, half);
      a.sin = table(call, kSin, a.time, half);
    }
    a.q_gain = gain(call, kQGain, static_cast<size_t>(a.q_heads) * size);
    a.k_gain = gain(call, kKGain, static_cast<size_t>(a.k_heads) * size);
    if (positions) {
      a.positions = static_cast<const int64_t*>(positions.data);
      check_positions(a, positions);
    } else if (a.rows % a.time != 0) {
      refuse(kSplitNormRotary, "x must have whole rows of the time axis, " +
                                   std::to_string(a.time) + ", and has the shape " + x.shape());
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
      refuse(kSplitNormRotary, "every kind of heads needs its output, of q, k and v");
    }
    if (a.rows == 0) return;
    launch(backend_, call, a, kKernels, a.rows, grain_of(width));
  }

 private:
  static const float* table(const Call& call, size_t index, size_t time, size_t half) {
    const Tensor tensor = call.input(index);
    if (!tensor || tensor.last() != half || tensor.rows() < time) {
      refuse(kSplitNormRotary, std::string(kSplitNormRotary.inputs[index].name) +
                                   " must have a row for each of " + std::to_string(time) +
                                   " positions and a column for each of " + std::to_string(half) +
                                   " pairs, got " + tensor.shape());
    }
    return static_cast<const float*>(tensor.data);
  }

  // Null where it is not connected.
  static const float* gain(const Call& call, size_t index, size_t width) {
    const Tensor tensor = call.input(index);
    if (!tensor) return nullptr;
    if (tensor.elements() != width) {
      refuse(kSplitNormRotary, std::string(kSplitNormRotary.inputs[index].name) +
                                   " must have one number for each of " + std::to_string(width) +
                                   " channels, and has the shape " + tensor.shape());
    }
    return static_cast<const float*>(tensor.data);
  }

  void check_positions(const bpb_split_norm_rotary& a, const Tensor& positions) const {
    if (positions.elements() != a.rows) {
      refuse(kSplitNormRotary, "one position for each of " + std::to_string(a.rows) +
                                   " rows is needed, got " + positions.shape());
    }
    // A GPU's are in its own memory, where their remainders are taken whatever they are.
    if (backend_.cuda != nullptr) return;
    for (size_t i = 0; i < a.rows; i++) {
      if (a.positions[i] < 0) {
        refuse(kSplitNormRotary,
               "positions must be 0 or more, got " + std::to_string(a.positions[i]));
      }
    }
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
