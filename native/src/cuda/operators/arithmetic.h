// Arithmetic of the operators, compiled for the device and, to be tested, for the host: rounding to a type, and
// what happens to an element.
#ifndef BPB_CUDA_OPERATORS_ARITHMETIC_H_
#define BPB_CUDA_OPERATORS_ARITHMETIC_H_

#include "../elements.h"

namespace bpb {
namespace cuda {

// The device's conversions round as half_of and bfloat_of do, but have another NaN.
constexpr uint32_t kDeviceNan = 0x7fff;

inline uint32_t half_on_host(float x) { return x != x ? kDeviceNan : half_of(x); }
inline uint32_t bfloat_on_host(float x) { return x != x ? kDeviceNan : bfloat_of(x); }

// One word of a vector from its elements, the first one in the low bits.
BPB_HD uint32_t pack(Fp32, const float* x) { return bits_of(x[0]); }

BPB_HD uint32_t pack(Fp16, const float* x) {
#ifdef __CUDA_ARCH__
  uint32_t word;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(x[1]), "f"(x[0]));
  return word;
#else
  return half_on_host(x[0]) | half_on_host(x[1]) << 16;
#endif
}

BPB_HD uint32_t pack(Bf16, const float* x) {
#ifdef __CUDA_ARCH__
  uint32_t word;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(x[1]), "f"(x[0]));
  return word;
#else
  return bfloat_on_host(x[0]) | bfloat_on_host(x[1]) << 16;
#endif
}

// 1 / sqrt(mean + epsilon) of a row from its sum of squares. A sum beyond fp32 says nothing of the mean:
// NaN, so that the row is refused and never a finite wrong number.
BPB_HD float inverse_rms(float squares, float inverse_count, float epsilon) {
  if (!(squares <= FLT_MAX)) return NAN;
  return 1.0f / sqrtf(fmaf(squares, inverse_count, epsilon));
}

// The pair (a, b) turned by the angle of cosine c and sine s.
BPB_HD void turn(float& a, float& b, float c, float s) {
  const float x = a, y = b;
  a = fmaf(x, c, -(y * s));
  b = fmaf(x, s, y * c);
}

// max(x, slope x)^2; with slope 0 it is 0 for -inf, too. A NaN stays one.
BPB_HD float squared_relu(float x, float slope) {
  const float below = slope > 0 ? slope * x : 0.0f;
  const float y = x < 0 ? below : x;
  return y * y;
}

// gate / (1 + exp(-gate)) * up. The exponent's rounding is corrected to first order: without it the error
// grows with the gate, to 1e-5 of results near the end of the range.
BPB_HD float swiglu(float gate, float up) {
  constexpr float kLow = 1.92596299e-8f;  // log2 e - kLog2e
  const float t = -gate * kLog2e;
  const float lost = fmaf(-gate, kLog2e, -t) - gate * kLow;
  const float e = exp2_fast(t);
  // Where e is 0 or infinite there is nothing to correct, and `lost` may be NaN.
  const float size = e > 0 && e < FLT_MAX ? fmaf(e, lost * (float)kLn2, e) : e;
  return gate * reciprocal_fast(size + 1.0f) * up;
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_OPERATORS_ARITHMETIC_H_
