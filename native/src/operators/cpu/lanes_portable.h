// 4 lanes for any CPU: compiler vectors, no intrinsics.
#ifndef BPB_OPERATORS_CPU_LANES_PORTABLE_H_
#define BPB_OPERATORS_CPU_LANES_PORTABLE_H_

#include "lanes.h"

namespace {

typedef float Vec4 __attribute__((vector_size(16)));
typedef int32_t Int4 __attribute__((vector_size(16)));

inline float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

inline uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return bits;
}

inline float widen(F32, float x) { return x; }
// The product with 2^112 moves the exponent and makes denormals normal; only the top exponent is set by hand.
inline float widen(F16, uint16_t half) {
  float size = float_of((uint32_t)(half & 0x7fff) << 13) * 0x1p112f;
  if ((half & 0x7c00) == 0x7c00) size = float_of(0x7f800000u | (uint32_t)(half & 0x3ff) << 13);
  return half & 0x8000 ? -size : size;
}
inline float widen(BF16, uint16_t bits) { return float_of((uint32_t)bits << 16); }

inline void narrow(F32, float x, float* p) { *p = x; }
inline void narrow(F16, float x, uint16_t* p) {
  const uint16_t sign = (uint16_t)(bits_of(x) >> 16 & 0x8000);
  const float size = fabsf(x);
  if (x != x) {
    *p = 0x7e00;
  } else if (size >= 65520.0f) {
    *p = sign | 0x7c00;
  } else if (size < 0x1p-14f) {
    // Below 2^-14 halves are multiples of 2^-24, as are floats from 1/2 on.
    *p = (uint16_t)(sign | (bits_of(size + 0.5f) - bits_of(0.5f)));
  } else {
    const uint32_t bits = bits_of(size) - (112u << 23);
    *p = (uint16_t)(sign | ((bits + 0xfff + (bits >> 13 & 1)) >> 13));
  }
}
inline void narrow(BF16, float x, uint16_t* p) {
  const uint32_t bits = bits_of(x);
  *p = x != x ? 0x7fc0 : (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

struct Portable {
  using Vec = Vec4;
  static constexpr size_t W = 4;

  template <class T>
  static Vec load(const typename T::Stored* p, size_t count = W) {
    float lanes[W] = {};
    for (size_t i = 0; i < count; i++) lanes[i] = widen(T{}, p[i]);
    Vec v;
    memcpy(&v, lanes, sizeof v);
    return v;
  }
  template <class T>
  static void store(typename T::Stored* p, Vec v, size_t count = W) {
    for (size_t i = 0; i < count; i++) narrow(T{}, v[i], p + i);
  }

  static Vec set(float x) { return Vec{x, x, x, x}; }
  static Vec add(Vec a, Vec b) { return a + b; }
  static Vec sub(Vec a, Vec b) { return a - b; }
  static Vec mul(Vec a, Vec b) { return a * b; }
  static Vec div(Vec a, Vec b) { return a / b; }
  static Vec madd(Vec a, Vec b, Vec c) { return a * b + c; }
  static Vec max(Vec a, Vec b) { return blend(a > b, a, b); }
  static Vec abs(Vec a) { return (Vec)((Int4)a & 0x7fffffff); }
  // Adding 1.5 * 2^23 leaves no bits for a fraction.
  static Vec round(Vec a) {
    const Vec magic = set(12582912.0f);
    return (a + magic) - magic;
  }
  // a 2^n. A NaN has no integer; its lane is NaN whatever it is multiplied by.
  static Vec scale(Vec a, Vec n) {
    const Vec whole = blend(n == n, n, set(0));
    return a * (Vec)((__builtin_convertvector(whole, Int4) + 127) << 23);
  }
  static Vec select_negative(Vec sign, Vec negative, Vec otherwise) {
    return blend((Int4)sign < 0, negative, otherwise);
  }
  static float sum(Vec a) { return (a[0] + a[1]) + (a[2] + a[3]); }

 private:
  static Vec blend(Int4 mask, Vec yes, Vec no) {
    return (Vec)((mask & (Int4)yes) | (~mask & (Int4)no));
  }
};

}  // namespace

#endif  // BPB_OPERATORS_CPU_LANES_PORTABLE_H_
