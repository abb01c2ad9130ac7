// Cases of SumNorm, and its result in float64.
#ifndef BPB_BENCH_OPERATORS_SUM_NORM_CASE_H_
#define BPB_BENCH_OPERATORS_SUM_NORM_CASE_H_

#include "call.h"

namespace bench {

struct SumNormCase {
  bpb_type type;
  size_t rows, width;
  int terms, first_terms;
  bool factors, carry, gain, first, sum, norm;
  double gain_size;
};

// Errors of the sums follow from their terms; of the norm, from those of the sums, those of the sum of squares
// (up to 40 additions one after another, 8 more across lanes), a root, a division and two products.
inline std::string wrong_sum_norm(const bpb_sum_norm& a, const std::list<const Tensor*>& x,
                                  const Tensor* first, const Tensor* sum, const Tensor* norm) {
  Verdict verdict;
  std::vector<double> sums(a.width), errors(a.width);
  for (size_t row = 0; row < a.rows; ++row) {
    double squares = 0, shift = 0;
    for (size_t i = 0; i < a.width; ++i) {
      double value = 0, size = 0;
      int t = 0;
      const auto close = [&] {
        if (first) verdict.add("first", *first, row * a.width + i, value, 5 * kUnit * size + 1e-44);
        const double carry = a.carry ? a.carry[i] : 1;
        value = in_range(value * carry);
        size *= fabs(carry);
      };
      for (const Tensor* term : x) {
        if (t > 0 && t == a.first_terms) close();
        const double part =
            (double)term->at(row * a.width + i) * (a.factor[t] ? a.factor[t][i] : 1);
        value = in_range(value + part);
        size += fabs(part);
        ++t;
      }
      if (a.first_terms == a.terms) close();
      sums[i] = value;
      errors[i] = 6 * kUnit * size + 1e-44;
      if (sum) verdict.add("sum", *sum, row * a.width + i, value, errors[i]);
      squares += value * value;
      shift += fabs(value) * errors[i];
    }
    if (!norm) continue;
    const double mean = squares / (double)a.width;
    const double inverse = squares <= FLT_MAX ? 1 / sqrt(mean + a.epsilon) : NAN;
    const double relative = 32 * kUnit + shift / fmax(squares, 1e-300);
    for (size_t i = 0; i < a.width; ++i) {
      const double gain = a.gain ? a.gain[i] : 1, want = in_range(sums[i] * inverse * gain);
      verdict.add("norm", *norm, row * a.width + i, want,
                  fabs(want) * relative + fabs(gain) * inverse * errors[i] + 1e-44);
    }
  }
  return verdict.wrong;
}

inline Call<bpb_sum_norm> make_call(const SumNormCase& c, const Place& place) {
  Call<bpb_sum_norm> call;
  call.place = place;
  call.random = {place.seed};
  bpb_sum_norm& a = call.arguments;
  a.type = c.type;
  a.rows = c.rows;
  a.width = c.width;
  a.terms = c.terms;
  a.first_terms = c.first_terms;
  a.epsilon = 1e-5f;
  const size_t count = c.rows * c.width;
  std::list<const Tensor*> x;
  for (int i = 0; i < c.terms; ++i) {
    x.push_back(&call.input(c.type, count));
    a.x[i] = x.back()->data();
    // The last term of several without a factor.
    if (c.factors && (i + 1 < c.terms || i == 0)) {
      a.factor[i] = (const float*)call.table(c.width, 0.8, 0.5).data();
    }
  }
  if (c.carry) a.carry = (const float*)call.table(c.width, -0.7, 0.3).data();
  if (c.gain) a.gain = (const float*)call.table(c.width, c.gain_size, c.gain_size / 4).data();
  Tensor* first = c.first ? &call.add(c.type, count) : nullptr;
  Tensor* sum = c.sum ? &call.add(c.type, count) : nullptr;
  Tensor* norm = c.norm ? &call.add(c.type, count) : nullptr;
  a.first = first ? first->data() : nullptr;
  a.sum = sum ? sum->data() : nullptr;
  a.norm = norm ? norm->data() : nullptr;
  const bpb_sum_norm host = a;
  call.wrong = [=] { return wrong_sum_norm(host, x, first, sum, norm); };
  return call;
}

inline std::vector<SumNormCase> sum_norm_cases(bpb_type type) {
  std::vector<SumNormCase> cases;
  // Every way of holding a row, rows that do not fill a block, widths of no whole vector and beyond the
  // registers.
  for (const size_t width : {1,    63,   64,   65,   96,   255,  256,  512,  520,  768,
                             1000, 1024, 1032, 2048, 3001, 4095, 4096, 4104, 8192, 8200}) {
    const size_t rows = width > 2048 ? 2 : width > 256 ? 5 : 37;
    cases.push_back({type, rows, width, 3, 2, true, true, true, true, true, true, 1});
    cases.push_back({type, rows, width, 1, 0, false, false, true, false, false, true, 1});
  }
  for (int terms = 1; terms <= 4; ++terms) {
    for (int first = 0; first <= terms; ++first) {
      for (const size_t width : {65, 512, 1024}) {
        cases.push_back(
            {type, 9, width, terms, first, true, first > 0, true, first > 0, true, true, 1});
        cases.push_back({type, 3, width, terms, first, terms % 2 == 0, false, false, false, true,
                         terms < 3, 1});
        cases.push_back(
            {type, 3, width, terms, first, false, true, false, first > 1, first < 2, first < 2, 1});
      }
    }
  }
  // Norms beyond fp16.
  cases.push_back({type, 4, 512, 2, 1, true, true, true, true, true, true, 4e4});
  return cases;
}

inline std::string name_of(const SumNormCase& c) {
  return "width " + std::to_string(c.width) + ", " + std::to_string(c.rows) + " rows, " +
         std::to_string(c.terms) + " terms, first " + std::to_string(c.first_terms);
}

}  // namespace bench

#endif  // BPB_BENCH_OPERATORS_SUM_NORM_CASE_H_
