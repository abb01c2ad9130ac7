// 4 lanes for any CPU: compiler vectors, no intrinsics.
#ifndef BPB_LANES_PORTABLE_H_
#define BPB_LANES_PORTABLE_H_

#include "../float_formats.h"
#include "lanes.h"

namespace {

struct Portable {
  typedef float Vec __attribute__((vector_size(16)));
  typedef int32_t Int __attribute__((vector_size(16)));
  typedef double Wide __attribute__((vector_size(32)));
  static constexpr size_t W = 4;

  template <class T>
  static Vec load(const void* p, size_t count = W) {
    typename T::Stored lanes[W] = {};
    memcpy(lanes, p, count * sizeof *lanes);
    return Vec{widen(T{}, lanes[0]), widen(T{}, lanes[1]), widen(T{}, lanes[2]),
               widen(T{}, lanes[3])};
  }
  template <class T>
  static void store(void* p, Vec v, size_t count = W) {
    for (size_t i = 0; i < count; i++) {
      const typename T::Stored x = narrow(T{}, v[i]);
      memcpy((char*)p + i * sizeof x, &x, sizeof x);
    }
  }

  static Vec set(float x) { return Vec{x, x, x, x}; }
  static Vec add(Vec a, Vec b) { return a + b; }
  static Vec sub(Vec a, Vec b) { return a - b; }
  static Vec mul(Vec a, Vec b) { return a * b; }
  static Vec div(Vec a, Vec b) { return a / b; }
  // Through fp64, where the product is exact; used only where the cancellation needs it.
  static Vec fma(Vec a, Vec b, Vec c) {
    const Wide sum = __builtin_convertvector(a, Wide) * __builtin_convertvector(b, Wide) +
                     __builtin_convertvector(c, Wide);
    return __builtin_convertvector(sum, Vec);
  }
  static Vec madd(Vec a, Vec b, Vec c) { return a * b + c; }
  static Vec min(Vec a, Vec b) { return blend(a < b, a, b); }
  static Vec max(Vec a, Vec b) { return blend(a > b, a, b); }
  static Vec abs(Vec a) { return (Vec)((Int)a & 0x7fffffff); }
  static Vec copysign(Vec size, Vec sign) {
    return (Vec)((Int)size | ((Int)sign & (int32_t)0x80000000));
  }
  // Adding 1.5 * 2^23 leaves no bits for a fraction.
  static Vec round(Vec a) {
    const Vec magic = set(12582912.0f);
    return (a + magic) - magic;
  }
  // For n of [-127, 127]. A product, not an addition to the exponent's bits, so that a NaN stays one.
  static Vec scale(Vec a, Vec n) {
    // A NaN has no integer; its lane is NaN whatever it is multiplied by.
    const Vec whole = blend(n == n, n, set(0));
    return a * power_of_two((Vec)(__builtin_convertvector(whole, Int) + 127));
  }
  static Vec power_of_two(Vec n) { return (Vec)((Int)n << 23); }

  static Vec where_above(Vec a, Vec b, Vec yes, Vec no) { return blend(a > b, yes, no); }
  static Vec where_at_most(Vec a, Vec b, Vec yes, Vec no) { return blend(a <= b, yes, no); }
  static Vec where_negative(Vec sign, Vec yes, Vec no) { return blend((Int)sign < 0, yes, no); }
  static Vec madd_above(Vec a, Vec b, Vec x, Vec y, Vec z) {
    return where_above(a, b, madd(x, y, z), z);
  }
  static bool any_above(Vec a, Vec b) {
    const Int above = a > b;
    return (above[0] | above[1] | above[2] | above[3]) != 0;
  }
  static Vec first(Vec a, size_t count, Vec otherwise) {
    const Int lane = {0, 1, 2, 3};
    return blend(lane < (int32_t)count, a, otherwise);
  }

  static float sum(Vec a) { return (a[0] + a[1]) + (a[2] + a[3]); }
  static Wide wide_zero() { return Wide{0, 0, 0, 0}; }
  static Wide wide_add(Wide total, Vec a) { return total + __builtin_convertvector(a, Wide); }
  static double wide_sum(Wide total) { return (total[0] + total[1]) + (total[2] + total[3]); }

  static Vec interleave_low(Vec a, Vec b) { return Vec{a[0], b[0], a[1], b[1]}; }
  static Vec interleave_high(Vec a, Vec b) { return Vec{a[2], b[2], a[3], b[3]}; }
  static Vec pair_low(Vec a, Vec b) { return Vec{a[0], a[1], b[0], b[1]}; }
  static Vec pair_high(Vec a, Vec b) { return Vec{a[2], a[3], b[2], b[3]}; }

 private:
  static Vec blend(Int mask, Vec yes, Vec no) {
    return (Vec)((mask & (Int)yes) | (~mask & (Int)no));
  }

  static float widen(F32, float x) { return x; }
  static float widen(F16, uint16_t x) { return bpb::from_half(x); }
  static float widen(BF16, uint16_t x) { return bpb::from_bfloat(x); }
  static float narrow(F32, float x) { return x; }
  static uint16_t narrow(F16, float x) { return bpb::half_of(x); }
  static uint16_t narrow(BF16, float x) { return bpb::bfloat_of(x); }
};

}  // namespace

#endif  // BPB_LANES_PORTABLE_H_
