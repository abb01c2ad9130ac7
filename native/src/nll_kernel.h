// The scorer's arithmetic, written once over a vector type; each nll_*.cc instantiates it.
#ifndef BPB_NLL_KERNEL_H_
#define BPB_NLL_KERNEL_H_

#include <math.h>

#include "lanes/exponential.h"
#include "nll.h"

namespace {

// The identity, for a model without a softcap.
template <class L>
struct NoCap {
  explicit NoCap(double) {}
  typename L::Vec operator()(typename L::Vec x) const { return x; }
};

// c tanh(x / c), near one ulp of the result.
template <class L>
struct Softcap {
  using Vec = typename L::Vec;
  Vec cap, inverse, bound, twice_inverse, twice_inverse_low, twice_cap;

  explicit Softcap(double c)
      : cap(L::set((float)c)),
        inverse(L::set((float)(1 / c))),
        bound(L::set((float)(10 * c))),
        twice_inverse(L::set((float)(2 / c))),
        // What rounding 2/c to fp32 lost: the same for all logits, so it would be a bias.
        twice_inverse_low(L::set((float)(2 / c - (double)(float)(2 / c)))),
        twice_cap(L::set((float)(2 * c))) {}

  Vec operator()(Vec x) const {
    const Vec size = L::min(bound, L::abs(x));  // tanh(10) is 1 in fp32
    // |x| <= c: x + x z P(z) with z = (x/c)^2. x itself is exact, so only the small correction errs.
    const Vec y = L::mul(size, inverse);
    const Vec z = L::mul(y, y);
    // (tanh(y)/y - 1)/z on 0 <= z <= 1, interpolated at Chebyshev points; error 2.4e-8.
    Vec p = L::set(-0.00042069563642144203f);
    p = L::madd(p, z, L::set(0.0025104598607867956f));
    p = L::madd(p, z, L::set(-0.008218922652304173f));
    p = L::madd(p, z, L::set(0.02166011556982994f));
    p = L::madd(p, z, L::set(-0.053934790194034576f));
    p = L::madd(p, z, L::set(0.1333312839269638f));
    p = L::madd(p, z, L::set(-0.3333333134651184f));
    Vec v = L::fma(size, L::mul(z, p), size);
    if (L::any_above(y, L::set(1.0f))) v = L::where_at_most(y, L::set(1.0f), v, beyond(size));
    return L::copysign(v, x);
  }

 private:
  // |x| > c: c - 2c / (exp(2|x|/c) + 1), where the subtracted part is at most 0.24 c.
  Vec beyond(Vec size) const {
    const Vec t = L::mul(size, twice_inverse);
    const Vec n = L::round(L::mul(t, L::set(kLog2E)));
    // 2 size / c - n ln 2 with one rounding of the small difference, not of t itself.
    Vec r = L::fma(size, twice_inverse, L::mul(n, L::set(-kLn2High)));
    r = L::add(r, L::fma(size, twice_inverse_low, L::mul(n, L::set(-kLn2Low))));
    const Vec p = exp_of_rest<L>(r, [](Vec a, Vec b, Vec c) { return L::fma(a, b, c); });
    return L::sub(cap, L::div(twice_cap, L::add(L::scale(p, n), L::set(1.0f))));
  }
};

// Largest lane. Where one is NaN the value means nothing: the row's sum will be NaN.
template <class L>
inline float largest_lane(typename L::Vec v) {
  float lanes[L::W];
  L::template store<F32>(lanes, v);
  float largest = lanes[0];
  for (size_t k = 1; k < L::W; k++) {
    if (!(largest >= lanes[k])) largest = lanes[k];
  }
  return largest;
}

// The last `count` logits of a row; -inf in the other lanes.
template <class L, class T>
inline typename L::Vec load_tail(const char* p, size_t count) {
  return L::first(L::template load<T>(p, count), count, L::set(-INFINITY));
}

// Largest raw logit of a row.
template <class L, class T>
inline float row_max(const char* row, size_t vocab) {
  constexpr size_t size = sizeof(typename T::Stored);
  auto m = L::set(-INFINITY);
  size_t i = 0;
  for (; i + L::W <= vocab; i += L::W) m = L::max(m, L::template load<T>(row + i * size));
  if (i < vocab) m = L::max(m, load_tail<L, T>(row + i * size, vocab - i));
  return largest_lane<L>(m);
}

// Returns the sum of exp(cap(x) - top) over `row`, and finds `next_max`, the largest raw logit of
// the row `next`. The two have nothing to do with each other but the clock: this row keeps the
// arithmetic busy while the next one comes from memory, to be in the cache when its turn comes.
template <class L, class T, class Cap>
inline double exp_sum(const char* row, size_t vocab, typename L::Vec top, const Cap& cap,
                      const char* next, float* next_max) {
  constexpr size_t step = L::W * sizeof(typename T::Stored);
  // Terms a lane adds in fp32 before the lanes go on in double: 16 roundings cannot build a bias.
  constexpr size_t block = 16;
  // Bytes beyond `next + i` to fetch; found by trial, it is worth a third where memory is slow.
  constexpr size_t ahead = 2048;
  const auto at = [](const char* p, size_t index) { return L::template load<T>(p + index * step); };
  const auto term = [&](auto x) { return exp_nonpositive<L>(L::sub(cap(x), top)); };
  auto m0 = L::set(-INFINITY), m1 = m0;
  auto total = L::wide_zero();
  size_t i = 0;
  while (i + 4 * L::W <= vocab) {
    auto s0 = L::set(0), s1 = s0, s2 = s0, s3 = s0;
    for (size_t g = 0; g < block && i + 4 * L::W <= vocab; g++) {
      for (size_t b = 0; b < 4 * step; b += 64) __builtin_prefetch(next + ahead + b, 0, 2);
      s0 = L::add(s0, term(at(row, 0)));
      s1 = L::add(s1, term(at(row, 1)));
      s2 = L::add(s2, term(at(row, 2)));
      s3 = L::add(s3, term(at(row, 3)));
      m0 = L::max(m0, at(next, 0));
      m1 = L::max(m1, at(next, 1));
      m0 = L::max(m0, at(next, 2));
      m1 = L::max(m1, at(next, 3));
      i += 4 * L::W;
      row += 4 * step;
      next += 4 * step;
    }
    total = L::wide_add(total, L::add(L::add(s0, s1), L::add(s2, s3)));
  }
  auto rest = L::set(0);
  for (; i + L::W <= vocab; i += L::W, row += step, next += step) {
    rest = L::add(rest, term(at(row, 0)));
    m0 = L::max(m0, at(next, 0));
  }
  if (const size_t tail = vocab - i; tail > 0) {
    // The fill of a short load is no logit: under a softcap it would count as -c.
    rest = L::add(rest, L::first(term(load_tail<L, T>(row, tail)), tail, L::set(0)));
    m1 = L::max(m1, load_tail<L, T>(next, tail));
  }
  *next_max = largest_lane<L>(L::max(m0, m1));
  return L::wide_sum(L::wide_add(total, rest));
}

template <class L>
inline float first_lane(typename L::Vec v) {
  float lanes[L::W];
  L::template store<F32>(lanes, v);
  return lanes[0];
}

template <class L, class T, class Cap>
void score_rows(const bpb_logits& logits, const bpb_targets& want, float* nats) {
  const char* data = (const char*)logits.data;
  constexpr size_t size = sizeof(typename T::Stored);
  const size_t stride = logits.row_stride * size;
  const Cap cap(want.softcap);
  const auto row_at = [&](size_t k) { return data + (want.rows ? want.rows[k] : k) * stride; };
  float next_max = want.count > 0 ? row_max<L, T>(row_at(0), logits.vocab) : 0;
  for (size_t k = 0; k < want.count; k++) {
    const char* row = row_at(k);
    const char* next = k + 1 < want.count ? row_at(k + 1) : row;
    const float largest = next_max;
    const auto top = cap(L::set(largest));
    const double sum = exp_sum<L, T>(row, logits.vocab, top, cap, next, &next_max);
    if (largest == INFINITY || largest == -INFINITY) {
      nats[k] = NAN;
      continue;
    }
    // Through the same lanes and formula as the sum, so that a dominant target cancels in it.
    const char* at = row + (size_t)want.targets[k] * size;
    const auto target = cap(L::set(first_lane<L>(L::template load<T>(at, 1))));
    nats[k] = (float)(log(sum) + ((double)first_lane<L>(top) - (double)first_lane<L>(target)));
  }
}

template <class L, class T>
void score_type(const bpb_logits& logits, const bpb_targets& want, float* nats) {
  if (want.softcap > 0) {
    score_rows<L, T, Softcap<L>>(logits, want, nats);
  } else {
    score_rows<L, T, NoCap<L>>(logits, want, nats);
  }
}

template <class L>
void score(const bpb_logits& logits, const bpb_targets& want, float* nats) {
  switch (logits.type) {
    case BPB_FP32: return score_type<L, F32>(logits, want, nats);
    case BPB_FP16: return score_type<L, F16>(logits, want, nats);
    case BPB_BF16: return score_type<L, BF16>(logits, want, nats);
  }
}

}  // namespace

#endif  // BPB_NLL_KERNEL_H_
