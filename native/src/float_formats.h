// fp32 and its bits, and fp16 and bf16 from and to fp32, without instructions of a CPU.
#ifndef BPB_FLOAT_FORMATS_H_
#define BPB_FLOAT_FORMATS_H_

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __CUDACC__
#define BPB_HD __host__ __device__ __forceinline__
#else
#define BPB_HD inline
#endif

namespace bpb {

// Internal linkage: the including files are compiled for different instruction sets.
namespace {

BPB_HD float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

BPB_HD uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return bits;
}

// The product with 2^112 moves the exponent and makes denormals normal; only the top exponent (infinities, NaN)
// must be set by hand.
inline float from_half(uint16_t half) {
  float size = float_of((uint32_t)(half & 0x7fff) << 13) * 0x1p112f;
  if ((half & 0x7c00) == 0x7c00) size = float_of(0x7f800000u | (uint32_t)(half & 0x3ff) << 13);
  return half & 0x8000 ? -size : size;
}

BPB_HD float from_bfloat(uint16_t bfloat) { return float_of((uint32_t)bfloat << 16); }

// To nearest, ties to even; beyond the range to infinity; a NaN to the quiet one without a sign.
inline uint16_t half_of(float x) {
  const uint16_t sign = (uint16_t)(bits_of(x) >> 16 & 0x8000);
  const float size = fabsf(x);
  if (x != x) return 0x7e00;
  if (size >= 65520.0f) return sign | 0x7c00;
  // Below 2^-14 halves are multiples of 2^-24, as are floats from 1/2 on.
  if (size < 0x1p-14f) return (uint16_t)(sign | (bits_of(size + 0.5f) - bits_of(0.5f)));
  const uint32_t bits = bits_of(size) - (112u << 23);
  return (uint16_t)(sign | ((bits + 0xfff + (bits >> 13 & 1)) >> 13));
}

// As half_of.
inline uint16_t bfloat_of(float x) {
  const uint32_t bits = bits_of(x);
  // The addition would make some NaN infinite.
  if (x != x) return 0x7fc0;
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

}  // namespace

}  // namespace bpb

#endif  // BPB_FLOAT_FORMATS_H_
