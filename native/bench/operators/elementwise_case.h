// Cases of SquaredRelu and SwiGlu, and their results in float64.
#ifndef BPB_BENCH_OPERATORS_ELEMENTWISE_CASE_H_
#define BPB_BENCH_OPERATORS_ELEMENTWISE_CASE_H_

#include "call.h"

namespace bench {

struct ReluCase {
  bpb_type type;
  size_t count;
  float slope;
};

inline Call<bpb_squared_relu> make_call(const ReluCase& c, const Place& place) {
  Call<bpb_squared_relu> call;
  call.place = place;
  call.random = {place.seed};
  const Tensor *x = &call.input(c.type, c.count), *y = &call.add(c.type, c.count);
  call.arguments = {c.type, c.count, c.slope, x->data(), (void*)y->data()};
  call.wrong = [=] {
    Verdict verdict;
    for (size_t i = 0; i < c.count; ++i) {
      const double value = x->at(i);
      const double root = value < 0 ? (c.slope > 0 ? (double)c.slope * value : 0) : value;
      verdict.add("y", *y, i, in_range(root * root), 4 * kUnit * root * root + 1e-44);
    }
    return verdict.wrong;
  };
  return call;
}

struct GluCase {
  bpb_type type;
  size_t rows, width, gap;  // elements between rows of gate and of up
  bool both;                // gate and up are halves of one matrix
  double size;              // of the gates
};

// The exponential's error is 2^-22.5 of it, the reciprocal's an ulp, the rest are products; where exp(-gate) nears
// the end of fp32 the quotient is flushed to 0.
constexpr double kGluError = 10 * kUnit;

inline Call<bpb_swiglu> make_call(const GluCase& c, const Place& place) {
  Call<bpb_swiglu> call;
  call.place = place;
  call.random = {place.seed};
  const size_t stride = (c.both ? 2 * c.width : c.width) + c.gap;
  Tensor* gate = &call.input(c.type, c.rows * stride);
  const Tensor* up = c.both ? gate : &call.input(c.type, c.rows * stride);
  const Tensor* y = &call.add(c.type, c.rows * c.width);
  for (size_t i = 0; i < gate->count; ++i) {
    gate->set(i, (float)in_range(gate->at(i) * c.size));
  }
  const size_t shift = c.both ? c.width : 0;
  call.arguments = {c.type,
                    c.rows,
                    c.width,
                    stride,
                    stride,
                    gate->data(),
                    up->data() + shift * up->size(),
                    (void*)y->data()};
  call.wrong = [=] {
    Verdict verdict;
    for (size_t i = 0; i < c.rows * c.width; ++i) {
      const size_t at = i / c.width * stride + i % c.width;
      const double g = gate->at(at), u = up->at(at + shift), e = exp(-g);
      // As fp32 has it: a quotient by what is beyond its range is 0.
      const double quotient = e > FLT_MAX && g > -INFINITY ? -0.0 : g / (1 + e);
      verdict.add("y", *y, i, in_range(quotient * u),
                  kGluError * fabs(quotient * u) + fabs(g * u) * 0x1p-125 + 1e-44);
    }
    return verdict.wrong;
  };
  return call;
}

inline std::vector<ReluCase> relu_cases(bpb_type type) {
  std::vector<ReluCase> cases;
  for (const size_t count : {1, 3, 8, 255, 1023, 4096, 8192, 8193, 20003}) {
    for (const float slope : {0.0f, 0.5f}) cases.push_back({type, count, slope});
  }
  return cases;
}

inline std::vector<GluCase> glu_cases(bpb_type type) {
  std::vector<GluCase> cases;
  for (const size_t width : {1, 63, 64, 65, 512, 1000, 1024, 2048, 4095}) {
    const size_t rows = width > 1000 ? 3 : 11;
    cases.push_back({type, rows, width, 0, false, 3});
    cases.push_back({type, rows, width, 0, true, 3});
    cases.push_back({type, rows, width, 8, true, 40});
    cases.push_back({type, rows, width, 3, false, 1});
  }
  return cases;
}

inline std::string name_of(const ReluCase& c) {
  return std::to_string(c.count) + " elements, slope " + std::to_string(c.slope);
}
inline std::string name_of(const GluCase& c) {
  return "width " + std::to_string(c.width) + ", " + std::to_string(c.rows) + " rows, gap " +
         std::to_string(c.gap) + (c.both ? ", halves" : "");
}

}  // namespace bench

#endif  // BPB_BENCH_OPERATORS_ELEMENTWISE_CASE_H_
