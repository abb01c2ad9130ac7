// The node CausalAttention, on the CPU.
#include "cpu/kernels.h"
#include "operator_list.h"

namespace bpb {

namespace {

enum Input { kQ, kK, kV, kPositions };

class CausalAttention : public Kernel {
 public:
  CausalAttention(const NodeInfo& node, bpb_type, const Backend& backend) : backend_(backend) {
    const int64_t q_heads = node.integer("q_heads"), kv_heads = node.integer("kv_heads");
    if (q_heads < 1 || kv_heads < 1 || q_heads > INT32_MAX || q_heads % kv_heads != 0) {
      refuse(kCausalAttention, "q_heads must be a multiple of kv_heads");
    }
    shape_.q_heads = static_cast<int>(q_heads);
    shape_.kv_heads = static_cast<int>(kv_heads);
    shape_.scale = node.number("scale");
  }

  void run(Call& call) override {
    bpb_causal_attention a = shape_;
    const Tensor q = call.input(kQ), k = call.input(kK), v = call.input(kV);
    const Tensor positions = call.input(kPositions);
    if (k.dims.size() != 3 || v.dims != k.dims || q.dims.size() != 3) {
      refuse(kCausalAttention, "q, k and v must be [rows, time, heads * head_size], k and v alike");
    }
    a.rows = static_cast<size_t>(k.dims[0]);
    a.time = static_cast<size_t>(k.dims[1]);
    // Places are compared as fp32.
    if (a.time > size_t{1} << 24) refuse(kCausalAttention, "rows must be shorter than 2^24");
    const size_t size = k.last() / static_cast<size_t>(a.kv_heads);
    if (size == 0 || size * static_cast<size_t>(a.kv_heads) != k.last() ||
        size * static_cast<size_t>(a.q_heads) != q.last()) {
      refuse(kCausalAttention, "heads of q and k must have one size");
    }
    a.head_size = static_cast<int>(size);
    a.count = q.rows();
    if (positions) {
      a.positions = static_cast<const int64_t*>(positions.data);
      check_positions(a, positions.elements());
    } else if (a.count != a.rows * a.time) {
      refuse(kCausalAttention, "q and k must have the same rows and times");
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
  static void check_positions(const bpb_causal_attention& a, size_t count) {
    if (count != a.count) refuse(kCausalAttention, "one position a query is needed");
    for (size_t i = 0; i < count; i++) {
      if (a.positions[i] < 0 || static_cast<size_t>(a.positions[i]) >= a.rows * a.time) {
        refuse(kCausalAttention, "position " + std::to_string(a.positions[i]) + " is in no row");
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
