// Operands of an operator for a check: elements of a type at any offset from a 16-byte boundary, between guards;
// and the comparison of a result with float64.
#ifndef BPB_BENCH_OPERATORS_TENSOR_H_
#define BPB_BENCH_OPERATORS_TENSOR_H_

#include <memory>
#include <string>

#include "../batch.h"

namespace bench {

// To the nearest number of the type, as a float; beyond its range infinite.
inline float rounded(bpb_type type, double x) {
  return value_of(type, stored_bits(type, (float)x));
}

struct Tensor {
  static constexpr size_t kGuard = 64;  // bytes before and after

  bpb_type type;
  size_t count, offset;  // elements; bytes from a 16-byte boundary
  std::vector<max_align_t> storage;
  uint8_t poison;

  Tensor(bpb_type kind, size_t elements, size_t skip, uint8_t fill)
      : type(kind),
        count(elements),
        offset(skip),
        storage((bytes() + sizeof(max_align_t) - 1) / sizeof(max_align_t)),
        poison(fill) {
    static_assert(sizeof(max_align_t) % 16 == 0, "storage begins on a 16-byte boundary");
    memset(memory(), poison, bytes());
  }

  size_t size() const { return type == BPB_FP32 ? 4 : 2; }
  size_t bytes() const { return 2 * kGuard + offset + count * size(); }
  uint8_t* memory() { return (uint8_t*)storage.data(); }
  const uint8_t* memory() const { return (const uint8_t*)storage.data(); }
  uint8_t* data() { return memory() + kGuard + offset; }
  const uint8_t* data() const { return memory() + kGuard + offset; }

  float at(size_t i) const {
    uint32_t bits = 0;
    memcpy(&bits, data() + i * size(), size());
    return value_of(type, bits);
  }
  void set(size_t i, float x) {
    const uint32_t bits = stored_bits(type, x);
    memcpy(data() + i * size(), &bits, size());
  }
  // Whether nothing outside the elements was written.
  bool guarded() const {
    for (size_t i = 0; i < bytes(); ++i) {
      const bool inside = i >= kGuard + offset && i < kGuard + offset + count * size();
      if (!inside && memory()[i] != poison) return false;
    }
    return true;
  }
};

// How operands are distributed.
enum class Values {
  kNormal,    // normal deviates
  kSpecial,   // normal, some NaN, some infinite of either sign, some zeros of either sign
  kDenormal,  // denormals of the type
  kHuge,      // up to the largest number of the type
};

inline float value_of(Values values, bpb_type type, Random& random) {
  const double normal = random.normal();
  const bool half = type == BPB_FP16;
  switch (values) {
    case Values::kNormal: return (float)normal;
    case Values::kSpecial: {
      const float special[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f};
      const uint32_t which = random.below(60);
      return which < 5 ? special[which] : (float)normal;
    }
    case Values::kDenormal: return (float)(normal * (half ? 1e-6 : 1e-39));
    case Values::kHuge: return (float)(normal * (half ? 3e4 : 1.2e38));
  }
  return 0;
}

// What fp32 arithmetic makes of a number beyond its range.
inline double in_range(double x) { return fabs(x) > FLT_MAX ? copysign(INFINITY, x) : x; }

constexpr double kUnit = 0x1p-24;  // of a rounding to fp32, relative

// Whether `got` is what rounding a number within `error` of `want` can give.
inline bool near(bpb_type type, double want, double error, float got) {
  if (want != want) return got != got;
  if (fabs(want) == INFINITY) return got == (float)want;
  if (!(error < INFINITY)) return true;
  return got >= rounded(type, want - error) && got <= rounded(type, want + error);
}

}  // namespace bench

#endif  // BPB_BENCH_OPERATORS_TENSOR_H_
