// Exponentials of fp32 lanes, for sums of exp(x - max), and the reduction and the polynomial that they share.
//
// With n the nearest integer to x / ln 2, exp(x) = 2^n exp(r) for r = x - n ln 2, |r| <= ln(2) / 2; ln 2 stands in two
// parts, of which the first has nine bits, so that n times it is exact (Cody and Waite 1980; the parts are those of
// expf in https://netlib.org/cephes/).
#ifndef BPB_LANES_EXPONENTIAL_H_
#define BPB_LANES_EXPONENTIAL_H_

#include "lanes.h"

namespace {

constexpr float kLog2E = 1.44269504f;
constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;

// exp(r) for |r| <= ln(2) / 2. `madd` is L::madd, or L::fma where the last bit matters.
template <class L, class Madd>
inline typename L::Vec exp_of_rest(typename L::Vec r, const Madd& madd) {
  // (exp(r) - 1 - r) / r^2, interpolated at Chebyshev points; error of exp(r) 9.5e-9.
  auto p = L::set(0.001392637612298131f);
  p = madd(p, r, L::set(0.008363333530724049f));
  p = madd(p, r, L::set(0.04166655242443085f));
  p = madd(p, r, L::set(0.16666576266288757f));
  p = madd(p, r, L::set(0.5f));
  p = madd(p, r, L::set(1.0f));
  return madd(p, r, L::set(1.0f));
}

// exp(d) for d <= 0 to 1.2 ulp. Below -87 it stays at e^-87: not even 2^17 such terms show in a sum
// that holds exp(0) = 1, and no denormal is ever made.
template <class L>
inline typename L::Vec exp_nonpositive(typename L::Vec d) {
  using Vec = typename L::Vec;
  d = L::max(L::set(-87.0f), d);
  const Vec n = L::round(L::mul(d, L::set(kLog2E)));
  Vec r = L::madd(n, L::set(-kLn2High), d);
  r = L::madd(n, L::set(-kLn2Low), r);
  return L::scale(exp_of_rest<L>(r, [](Vec a, Vec b, Vec c) { return L::madd(a, b, c); }), n);
}

// 2^t for t <= 0 to 1.2 ulp; 0 below -126.5. Where the caller can scale by log2(e) this saves the reduction.
template <class L>
inline typename L::Vec exp2_nonpositive(typename L::Vec t) {
  // Adding 1.5 * 2^23 leaves no bits for a fraction; with 127 more the last bits are n's exponent.
  const auto magic = L::set(12582912.0f + 127.0f);
  t = L::max(L::set(-127.0f), t);
  const auto shifted = L::add(t, magic);
  const auto r = L::sub(t, L::sub(shifted, magic));
  // (2^r - 1) / r on |r| <= 1/2, interpolated at Chebyshev points; error of 2^r 9.2e-9.
  auto p = L::set(0.00015453163359779865f);
  p = L::madd(p, r, L::set(0.0013390863314270973f));
  p = L::madd(p, r, L::set(0.009618083015084267f));
  p = L::madd(p, r, L::set(0.055503569543361664f));
  p = L::madd(p, r, L::set(0.24022650718688965f));
  p = L::madd(p, r, L::set(0.6931471824645996f));
  p = L::madd(p, r, L::set(1.0f));
  return L::mul(p, L::power_of_two(shifted));
}

}  // namespace

#endif  // BPB_LANES_EXPONENTIAL_H_
