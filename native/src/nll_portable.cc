// The scorer with 4 lanes for any CPU: compiler vectors, no intrinsics.
#include <string.h>

#include "nll_isa.h"
#include "nll_kernel.h"

namespace {

typedef float Vec4 __attribute__((vector_size(16)));
typedef int32_t Int4 __attribute__((vector_size(16)));
typedef double Double4 __attribute__((vector_size(32)));

inline Vec4 blend(Int4 mask, Vec4 yes, Vec4 no) {
  return (Vec4)((mask & (Int4)yes) | (~mask & (Int4)no));
}

inline float from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

// IEEE half to float. The product with 2^112 moves the exponent and makes denormals normal; only
// the top exponent (infinities, NaN) must be set by hand.
inline float from_half(uint16_t half) {
  float size = from_bits((uint32_t)(half & 0x7fff) << 13) * 0x1p112f;
  if ((half & 0x7c00) == 0x7c00) size = from_bits(0x7f800000u | (uint32_t)(half & 0x3ff) << 13);
  return half & 0x8000 ? -size : size;
}

struct Portable {
  using Vec = Vec4;
  using Wide = Double4;
  static constexpr size_t W = 4;

  template <class T>
  static Vec load(const char* p) {
    return load_tail<T>(p, W);
  }
  // The first `count` elements; -inf in the other lanes.
  template <class T>
  static Vec load_tail(const char* p, size_t count);

  static void store(float* p, Vec v) { memcpy(p, &v, sizeof v); }
  static Vec set(float x) { return Vec{x, x, x, x}; }
  static Vec add(Vec a, Vec b) { return a + b; }
  static Vec sub(Vec a, Vec b) { return a - b; }
  static Vec mul(Vec a, Vec b) { return a * b; }
  static Vec div(Vec a, Vec b) { return a / b; }
  // Through double, where the product is exact; used only where the cancellation needs it.
  static Vec fma(Vec a, Vec b, Vec c) {
    const Wide sum = __builtin_convertvector(a, Wide) * __builtin_convertvector(b, Wide) +
                     __builtin_convertvector(c, Wide);
    return __builtin_convertvector(sum, Vec);
  }
  static Vec madd(Vec a, Vec b, Vec c) { return a * b + c; }
  static Vec min(Vec a, Vec b) { return blend(a < b, a, b); }
  static Vec max(Vec a, Vec b) { return blend(a > b, a, b); }
  static Vec abs(Vec a) { return (Vec)((Int4)a & 0x7fffffff); }
  static Vec copysign(Vec size, Vec sign) {
    return (Vec)((Int4)size | ((Int4)sign & (int32_t)0x80000000));
  }
  // Adding 1.5 * 2^23 leaves no bits for a fraction.
  static Vec round(Vec a) {
    const Vec magic = set(12582912.0f);
    return (a + magic) - magic;
  }
  // a 2^n. A product, not an addition to the exponent bits, so that a NaN stays one.
  static Vec scale(Vec a, Vec n) {
    // A NaN has no integer; its lane is NaN whatever it is multiplied by.
    const Vec whole = blend(n == n, n, set(0));
    return a * (Vec)((__builtin_convertvector(whole, Int4) + 127) << 23);
  }
  static bool any_above(Vec a, Vec b) {
    const Int4 above = a > b;
    return (above[0] | above[1] | above[2] | above[3]) != 0;
  }
  static Vec where_below(Vec a, Vec b, Vec below, Vec otherwise) {
    return blend(a <= b, below, otherwise);
  }
  static Vec keep_first(Vec a, size_t count) {
    const Int4 lane = {0, 1, 2, 3};
    return blend(lane < (int32_t)count, a, set(0));
  }

  static Wide wide_zero() { return Wide{0, 0, 0, 0}; }
  static Wide wide_add(Wide total, Vec a) { return total + __builtin_convertvector(a, Wide); }
  static double wide_sum(Wide total) { return (total[0] + total[1]) + (total[2] + total[3]); }
};

template <>
inline Vec4 Portable::load<F32>(const char* p) {
  Vec v;
  memcpy(&v, p, sizeof v);
  return v;
}
template <>
inline Vec4 Portable::load_tail<F32>(const char* p, size_t count) {
  float lanes[W] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY};
  memcpy(lanes, p, count * F32::size);
  return load<F32>((const char*)lanes);
}
template <>
inline Vec4 Portable::load_tail<F16>(const char* p, size_t count) {
  uint16_t half[W] = {0xfc00, 0xfc00, 0xfc00, 0xfc00};
  memcpy(half, p, count * F16::size);
  return Vec{from_half(half[0]), from_half(half[1]), from_half(half[2]), from_half(half[3])};
}
template <>
inline Vec4 Portable::load_tail<BF16>(const char* p, size_t count) {
  uint16_t bits[W] = {0xff80, 0xff80, 0xff80, 0xff80};
  memcpy(bits, p, count * BF16::size);
  const Int4 wide = {(int32_t)bits[0], (int32_t)bits[1], (int32_t)bits[2], (int32_t)bits[3]};
  return (Vec)(wide << 16);
}

}  // namespace

namespace bpb {

void nll_portable(const bpb_logits& logits, const bpb_targets& targets, float* nats) {
  score<Portable>(logits, targets, nats);
}

uint64_t read_portable(const void* data, size_t bytes) {
  const char* p = (const char*)data;
  Int4 sum = {0, 0, 0, 0}, other = sum;
  for (size_t i = 0; i + 32 <= bytes; i += 32, p += 32) {
    Int4 a, b;
    memcpy(&a, p, 16);
    memcpy(&b, p + 16, 16);
    sum ^= a;
    other ^= b;
  }
  sum ^= other;
  return (uint32_t)(sum[0] | sum[1] | sum[2] | sum[3]);
}

}  // namespace bpb
