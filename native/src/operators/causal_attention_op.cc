// The node CausalAttention, on the CPU.
#include "cpu/kernels.h"
#include "operator_list.h"

namespace bpb {

namespace {

enum Input { kQ, kK, kV, kPositions };

class CausalAttention : public Kernel {
 public:
  CausalAttention(const NodeInfo& node, bpb_type, const Backend& backend) : backend_(backend) {
    constexpr int64_t kMost = 1 << 20;
    const int64_t q_heads = node.integer("q_heads", 1, kMost);
    const int64_t kv_heads = node.integer("kv_heads", 1, kMost);
    if (q_heads % kv_heads != 0) {
      refuse(kCausalAttention, "q_heads must be a multiple of kv_heads, " +
                                   std::to_string(kv_heads) + ", and is " +
                                   std::to_string(q_heads));
    }
    shape_.q_heads = static_cast<int>(q_heads);
    shape_.kv_heads = static_cast<int>(kv_heads);
    shape_.scale = node.number("scale", -INFINITY);
  }

  void run(Call& call) override {
    bpb_causal_attention a = shape_;
    const Tensor q = call.input(kQ), k = call.input(kK), v = call.input(kV);
    const Tensor positions = call.input(kPositions);
    const std::string shapes = ", got " + q.shape() + ", " + k.shape() + " and " + v.shape();
    if (k.dims.size() != 3 || v.dims != k.dims || q.dims.size() != 3) {
      refuse(kCausalAttention,
             "q, k and v must be [rows, time, heads * head_size], k and v alike" + shapes);
    }
    a.rows = static_cast<size_t>(k.dims[0]);
    a.time = static_cast<size_t>(k.dims[1]);
    // Places are compared as fp32.
    if (a.time > size_t{1} << 24) {
      refuse(kCausalAttention, "rows must have at most 2^24 places" + shapes);
    }
    const size_t size = k.last() / static_cast<size_t>(a.kv_heads);
    if (size == 0 || size * static_cast<size_t>(a.kv_heads) != k.last() ||
        size * static_cast<size_t>(a.q_heads) != q.last()) {
      refuse(kCausalAttention, "heads of q, " + std::to_string(a.q_heads) + ", and of k and v, " +
                                   std::to_string(a.kv_heads) + ", must have one size" + shapes);
    }
    a.head_size = static_cast<int>(size);
    a.count = q.rows();
    if (positions) {
      a.positions = static_cast<const int64_t*>(positions.data);
      check_positions(a, positions);
    } else if (q.dims[0] != k.dims[0] || q.dims[1] != k.dims[1]) {
      refuse(kCausalAttention, "q and k must have the same rows and times" + shapes);
    }
    a.q = static_cast<const float*>(q.data);
    a.k = static_cast<const float*>(k.data);
    a.v = static_cast<const float*>(v.data);
    a.y = static_cast<float*>(call.output(0, q.dims));
    if (a.count == 0) return;
    cpu::causal_attention(
        backend_.isa, a,
        [&](size_t count, const std::function<void(size_t)>& work) {
          call.ranges(count, 1, [&](size_t from, size_t to) {
            for (size_t i = from; i < to; i++) work(i);
          });
        },
        memory_);
  }

 private:
  static void check_positions(const bpb_causal_attention& a, const Tensor& positions) {
    if (positions.elements() != a.count) {
      refuse(kCausalAttention, "one position for each of " + std::to_string(a.count) +
                                   " queries is needed, got " + positions.shape());
    }
    for (size_t i = 0; i < a.count; i++) {
      if (a.positions[i] < 0 || static_cast<size_t>(a.positions[i]) >= a.rows * a.time) {
        refuse(kCausalAttention, "positions must be from 0 to below " +
                                     std::to_string(a.rows * a.time) + ", got " +
                                     std::to_string(a.positions[i]));
      }
    }
  }

  const Backend backend_;
  bpb_causal_attention shape_ = {};  // what the attributes say
  std::vector<float> memory_;
};

}  // namespace

const OperatorInfo kCausalAttention = {
    "CausalAttention",
    {{"q", Element::kActivation, false},
     {"k", Element::kActivation, false},
     {"v", Element::kActivation, false},
     {"positions", Element::kInt64, true}},
    {{"y", Element::kActivation, false}},
    false,
    make_kernel<CausalAttention>,
};

}  // namespace bpb
