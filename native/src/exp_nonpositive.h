// The exponential of a vector of fp32 lanes, for sums of exp(x - max).
#ifndef BPB_EXP_NONPOSITIVE_H_
#define BPB_EXP_NONPOSITIVE_H_

// Internal linkage: the including files are compiled for different instruction sets.
namespace {

// exp(d) for d <= 0 to 1.2 ulp. Below -87 it stays at e^-87: not even 2^17 such terms show in a sum
// that holds exp(0) = 1, and no denormal is ever made.
template <class L>
inline typename L::Vec exp_nonpositive(typename L::Vec d) {
  d = L::max(L::set(-87.0f), d);
  const auto n = L::round(L::mul(d, L::set(1.44269504f)));
  // ln 2 in two parts; the first has nine bits, so n times it is exact.
  auto r = L::madd(n, L::set(-0.693359375f), d);
  r = L::madd(n, L::set(2.12194440e-4f), r);
  // (exp(r) - 1 - r) / r^2 on |r| <= ln(2)/2, interpolated at Chebyshev points; error 9.5e-9.
  auto p = L::set(0.001392637612298131f);
  p = L::madd(p, r, L::set(0.008363333530724049f));
  p = L::madd(p, r, L::set(0.04166655242443085f));
  p = L::madd(p, r, L::set(0.16666576266288757f));
  p = L::madd(p, r, L::set(0.5f));
  p = L::madd(p, r, L::set(1.0f));
  p = L::madd(p, r, L::set(1.0f));
  return L::scale(p, n);
}

}  // namespace

#endif  // BPB_EXP_NONPOSITIVE_H_
