// The plain float64 scorer that everything is compared with, and the comparison.
#ifndef BPB_BENCH_REFERENCE_H_
#define BPB_BENCH_REFERENCE_H_

#include "batch.h"

namespace bench {

inline double reference_nats(const Batch& batch, uint32_t row, int32_t target, double softcap) {
  const auto value = [&](float x) { return softcap > 0 ? softcap * tanh(x / softcap) : (double)x; };
  double largest = -INFINITY;
  bool some = false;
  for (uint32_t i = 0; i < batch.vocab; ++i) {
    const float x = batch.at(row, i);
    if (x != x || x == INFINITY) return NAN;
    some = some || x > -INFINITY;
    largest = fmax(largest, value(x));
  }
  if (!some) return NAN;
  double sum = 0;
  for (uint32_t i = 0; i < batch.vocab; ++i) sum += exp(value(batch.at(row, i)) - largest);
  return log(sum) + (largest - value(batch.at(row, (uint32_t)target)));
}

// What may be off: the mean of the signed errors over many rows, and a single row by `row` nats and
// `relative` of its own nats.
struct Limits {
  double mean, row, relative;
};

// The errors of many rows together.
struct Errors {
  size_t rows = 0;
  double sum = 0, worst = 0;  // of the signed errors, of their sizes; nats

  double mean() const { return rows > 0 ? sum / (double)rows : 0; }

  // Adds a row; false when it is off by too much, or infinite or NaN where it should not be.
  bool add(double expected, float nats, const Limits& limits) {
    // Beyond fp32 the nats are infinite.
    const double want = fabs(expected) > FLT_MAX ? INFINITY : expected;
    if (want != want) return nats != nats;
    if (want == INFINITY) return nats == INFINITY;
    const double error = (double)nats - want;
    // What rounding the result to fp32 costs is no bias of the scorer.
    const double beyond = fmax(0, fabs(error) - limits.relative * fabs(want));
    ++rows;
    sum += copysign(beyond, error);
    worst = fmax(worst, fabs(error));
    return beyond <= limits.row && error == error;
  }
};

}  // namespace bench

#endif  // BPB_BENCH_REFERENCE_H_
