// The CUDA scorer's arithmetic in one header, compiled for the device and, to be tested, for the host.
//
// Exponents are in base 2: exp(v) is exp2(v * log2 e), one instruction on the device. Every fused
// multiply-add is written as fmaf; compiler flags forbid any other fusion, so that both sides
// round alike. What the host cannot have is the device's exp2 and reciprocal, right to about 2^-22.5;
// a host that defines BPB_HOST_EXP2 and BPB_HOST_RECIPROCAL tests with errors of that size.
#ifndef BPB_CUDA_NLL_MATH_H_
#define BPB_CUDA_NLL_MATH_H_

#include <float.h>
#include <math.h>
#include <stdint.h>

#include "../float_formats.h"

#ifndef BPB_HOST_EXP2
#define BPB_HOST_EXP2(x) exp2f(x)
#endif
#ifndef BPB_HOST_RECIPROCAL
#define BPB_HOST_RECIPROCAL(x) (1.0f / (x))
#endif

namespace bpb {
namespace cuda {

constexpr float kLog2e = 1.44269504f;
constexpr double kLn2 = 0.6931471805599453;

// 2^x; results below the normal range are 0.
BPB_HD float exp2_fast(float x) {
#ifdef __CUDA_ARCH__
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  const float y = BPB_HOST_EXP2(x);
  return y < FLT_MIN ? 0.0f : y;  // false for NaN, which stays
#endif
}

// 1/x for x >= 1; 0 for infinity.
BPB_HD float reciprocal_fast(float x) {
#ifdef __CUDA_ARCH__
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  return BPB_HOST_RECIPROCAL(x);
#endif
}

// (tanh(y)/y - 1)/z with z = y^2, in powers of z: least-maximum fits of the error in tanh(y).
constexpr int kLongTerms = 7;   // 0 <= y <= 1, error of tanh(y) 2.2e-9
constexpr int kShortTerms = 5;  // 0 <= y <= 5/8, error of tanh(y) 1.5e-9
constexpr double kShortBound = 0.625;
constexpr double kLongTanh[kLongTerms] = {
    -0.3333326427844337,   0.13331862786749968,   -0.0538530346103874,    0.02141533225100547,
    -0.007847458526903543, 0.0022330516843545476, -0.0003397220808664108,
};
constexpr double kShortTanh[kShortTerms] = {
    -0.3333324931221556,  0.13330769837367118,    -0.05369365891491088,
    0.020510196871791175, -0.0055779063279531235,
};

// No softcap: the logit is the value. Values are compared with the row's largest, the reference.
struct Plain {
  // Not -inf, so that a distance from it is never inf - inf.
  static constexpr float kLowest = -FLT_MAX;
  BPB_HD float value(float x) const { return x; }
};

// c tanh(x/c) for any c in [1e-6, 1e6], in nats, near one ulp; NaN for +inf.
struct AnyCap {
  static constexpr float kLowest = -INFINITY;
  float cap, inverse, twice_log2, twice_cap;
  float coefficient[kLongTerms];

  BPB_HD float value(float x) const {
    const float y = fabsf(x) * inverse;
    if (y > 1.0f) {
      // c - 2c / (exp(2|x|/c) + 1)
      const float size = cap - twice_cap * reciprocal_fast(exp2_fast(y * twice_log2) + 1.0f);
      return x == INFINITY ? NAN : copysignf(size, x);
    }
    const float z = y * y;
    float p = coefficient[kLongTerms - 1];
    for (int k = kLongTerms - 2; k >= 0; --k) p = fmaf(p, z, coefficient[k]);
    return fmaf(x, z * p, x);  // x itself is exact, only the small correction errs
  }
};

// c tanh(x/c) for 1 <= c <= 75, in powers of two. Bounded by 75 log2 e = 108.2, so sums of 2^17 terms
// stay within fp32 with 0 as the reference, and no maximum is needed.
struct FastCap {
  static constexpr double kMin = 1, kMax = 75;
  float cap, short_bound, twice_inverse, cap_log2, twice_cap_log2;
  // What rounding c log2 e to fp32 lost, and 2 to that power: the same for every logit far beyond the
  // softcap, so it would be a bias (1.2e-6 nats at c = 30).
  float cap_low, more, less;
  // log2 e (1 + z P(z)) as polynomials of x^2.
  float longer[kLongTerms + 1], shorter[kShortTerms + 1];

  // Tier 0 holds for |x| <= short_bound, 1 for |x| <= cap, 2 for every x.
  template <int kTier>
  BPB_HD float exponent(float x) const {
    if (kTier == 2 && fabsf(x) > cap) return beyond(x);
    constexpr int last = kTier == 0 ? kShortTerms : kLongTerms;
    const float z = x * x;
    float p = (kTier == 0 ? shorter : longer)[last];
#ifdef __CUDA_ARCH__
#pragma unroll
#endif
    for (int k = last - 1; k >= 0; --k) p = fmaf(p, z, (kTier == 0 ? shorter : longer)[k]);
    return x * p;
  }

  // 2^exponent, the term of a sum.
  template <int kTier>
  BPB_HD float power(float x) const {
    const float term = exp2_fast(exponent<kTier>(x));
    return kTier == 2 && fabsf(x) > cap ? term * (x > 0 ? more : less) : term;
  }

  // A target goes through the formula of the sum, so that a dominant one cancels in it.
  BPB_HD double target_exponent(float x) const {
    return (double)exponent<2>(x) + (fabsf(x) > cap ? (double)(x > 0 ? cap_low : -cap_low) : 0.0);
  }

  BPB_HD float beyond(float x) const {
    const float e = exp2_fast(fabsf(x) * twice_inverse);
    const float size = cap_log2 - twice_cap_log2 * reciprocal_fast(e + 1.0f);
    return x == INFINITY ? NAN : copysignf(size, x);
  }
};

inline AnyCap make_any_cap(double c) {
  AnyCap any;
  any.cap = (float)c;
  any.inverse = (float)(1 / c);
  any.twice_log2 = (float)(2 / kLn2);
  any.twice_cap = (float)(2 * c);
  for (int k = 0; k < kLongTerms; ++k) any.coefficient[k] = (float)kLongTanh[k];
  return any;
}

inline FastCap make_fast_cap(double c) {
  FastCap fast;
  fast.cap = (float)c;
  fast.short_bound = (float)(kShortBound * c);
  fast.twice_inverse = (float)(2 / (c * kLn2));
  fast.cap_log2 = (float)(c / kLn2);
  fast.twice_cap_log2 = (float)(2 * c / kLn2);
  fast.cap_low = (float)(c / kLn2 - (double)fast.cap_log2);
  fast.more = (float)exp2((double)fast.cap_low);
  fast.less = (float)exp2(-(double)fast.cap_low);
  double power = 1 / kLn2;
  fast.longer[0] = fast.shorter[0] = (float)power;
  for (int k = 1; k <= kLongTerms; ++k) {
    power /= c * c;
    fast.longer[k] = (float)(kLongTanh[k - 1] * power);
    if (k <= kShortTerms) fast.shorter[k] = (float)(kShortTanh[k - 1] * power);
  }
  return fast;
}

// Nats as the nearest multiple of 2^-30, ties to even. False where it does not fit or is not finite.
BPB_HD bool nearest_q30(float nats, int64_t* q30) {
  const double scaled = (double)nats * 1073741824.0;  // exact
  if (!(scaled >= -9223372036854775808.0 && scaled < 9223372036854775808.0)) return false;
#ifdef __CUDA_ARCH__
  *q30 = __double2ll_rn(scaled);
#else
  *q30 = (int64_t)nearbyint(scaled);
#endif
  return true;
}

// The span of target k: the first whose end is beyond it. `ends` ascends to more than k.
BPB_HD uint32_t span_of(const uint32_t* ends, uint32_t spans, uint32_t k) {
  uint32_t low = 0, high = spans - 1;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    if (ends[middle] > k) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_NLL_MATH_H_
