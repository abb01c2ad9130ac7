// A call of an operator on operands in host memory, wherever it is run: the operands, the arguments, and what
// was found wrong with the results.
#ifndef BPB_BENCH_OPERATORS_CALL_H_
#define BPB_BENCH_OPERATORS_CALL_H_

#include <functional>
#include <list>

#include "../../src/operators/operators.h"
#include "tensor.h"

namespace bench {

// Every pointer of an operator's arguments.
template <class See>
void each_pointer(bpb_sum_norm& a, const See& see) {
  for (int i = 0; i < a.terms; ++i) see(a.x[i]), see(a.factor[i]);
  see(a.carry), see(a.gain), see(a.first), see(a.sum), see(a.norm);
}
template <class See>
void each_pointer(bpb_split_norm_rotary& a, const See& see) {
  see(a.positions), see(a.x), see(a.cos), see(a.sin), see(a.q_gain), see(a.k_gain);
  see(a.q), see(a.k), see(a.v);
}
template <class See>
void each_pointer(bpb_squared_relu& a, const See& see) {
  see(a.x), see(a.y);
}
template <class See>
void each_pointer(bpb_swiglu& a, const See& see) {
  see(a.gate), see(a.up), see(a.y);
}

// Where a case lies and what is in it.
struct Place {
  size_t skip;  // elements from a 16-byte boundary to every operand of the type
  uint8_t poison;
  Values values;
  uint64_t seed;
};

template <class Arguments>
struct Call {
  Arguments arguments = {};
  std::list<Tensor> operands;      // outputs among them
  std::vector<int64_t> positions;  // of SplitNormRotary
  // The first thing wrong with the outputs, or "".
  std::function<std::string()> wrong;
  Random random = {0};
  Place place = {};

  Tensor& add(bpb_type type, size_t count) {
    const size_t size = type == BPB_FP32 ? 4 : 2;
    operands.emplace_back(type, count, place.skip * size, place.poison);
    return operands.back();
  }
  Tensor& input(bpb_type type, size_t count) {
    Tensor& tensor = add(type, count);
    for (size_t i = 0; i < count; ++i) tensor.set(i, value_of(place.values, type, random));
    return tensor;
  }
  // Factors and gains: normal deviates about a value.
  Tensor& table(size_t count, double about, double spread) {
    Tensor& tensor = add(BPB_FP32, count);
    for (size_t i = 0; i < count; ++i) {
      tensor.set(i, (float)(about + spread * random.normal()));
    }
    return tensor;
  }
  std::string guards() const {
    for (const Tensor& tensor : operands) {
      if (!tensor.guarded()) return "written outside its elements";
    }
    return "";
  }
};

// The first element of a row-major output that is not within its error, in words, or "".
struct Verdict {
  std::string wrong;
  double worst = 0;  // largest error as a share of what is allowed

  void add(const char* output, const Tensor& tensor, size_t i, double want, double error) {
    const float got = tensor.at(i);
    if (near(tensor.type, want, error, got) || !wrong.empty()) return;
    char text[160];
    snprintf(text, sizeof text, "%s[%zu] is %.9g, not %.9g within %.3g", output, i, (double)got,
             want, error);
    wrong = text;
  }
};

}  // namespace bench

#endif  // BPB_BENCH_OPERATORS_CALL_H_
