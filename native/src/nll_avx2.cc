// The scorer with 8 lanes: AVX2, FMA, F16C.
#include <immintrin.h>
#include <string.h>

#include "nll_isa.h"
#include "nll_kernel.h"

namespace {

struct Avx2 {
  using Vec = __m256;
  using Wide = __m256d;
  static constexpr size_t W = 8;

  template <class T>
  static Vec load(const char* p);
  // The first `count` elements; -inf in the other lanes.
  template <class T>
  static Vec load_tail(const char* p, size_t count);

  static void store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
  static Vec set(float x) { return _mm256_set1_ps(x); }
  static Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
  static Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
  static Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
  static Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
  static Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
  static Vec madd(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
  static Vec min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
  static Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
  static Vec abs(Vec a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
  static Vec copysign(Vec size, Vec sign) {
    return _mm256_or_ps(size, _mm256_and_ps(sign, _mm256_set1_ps(-0.0f)));
  }
  static Vec round(Vec a) {
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  // a 2^n. A product, not an addition to the exponent bits, so that a NaN stays one.
  static Vec scale(Vec a, Vec n) {
    const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23)));
  }
  static bool any_above(Vec a, Vec b) {
    return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)) != 0;
  }
  static Vec where_below(Vec a, Vec b, Vec below, Vec otherwise) {
    return _mm256_blendv_ps(otherwise, below, _mm256_cmp_ps(a, b, _CMP_LE_OQ));
  }
  static Vec keep_first(Vec a, size_t count) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i kept = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lane);
    return _mm256_and_ps(a, _mm256_castsi256_ps(kept));
  }

  static Wide wide_zero() { return _mm256_setzero_pd(); }
  static Wide wide_add(Wide total, Vec a) {
    const Wide low = _mm256_cvtps_pd(_mm256_castps256_ps128(a));
    const Wide high = _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1));
    return _mm256_add_pd(total, _mm256_add_pd(low, high));
  }
  static double wide_sum(Wide total) {
    double lanes[4];
    _mm256_storeu_pd(lanes, total);
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
  }
};

inline __m256 from_bf16(__m128i bits) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

template <>
inline __m256 Avx2::load<F32>(const char* p) {
  return _mm256_loadu_ps((const float*)p);
}
template <>
inline __m256 Avx2::load<F16>(const char* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)p));
}
template <>
inline __m256 Avx2::load<BF16>(const char* p) {
  return from_bf16(_mm_loadu_si128((const __m128i*)p));
}

// A short load goes through a full one from the stack: reading past a row may leave the page.
template <>
inline __m256 Avx2::load_tail<F32>(const char* p, size_t count) {
  float lanes[W];
  for (float& lane : lanes) lane = -INFINITY;
  memcpy(lanes, p, count * F32::size);
  return _mm256_loadu_ps(lanes);
}
inline __m128i tail16(const char* p, size_t count, uint16_t fill) {
  uint16_t lanes[Avx2::W];
  for (uint16_t& lane : lanes) lane = fill;
  memcpy(lanes, p, count * 2);
  return _mm_loadu_si128((const __m128i*)lanes);
}
template <>
inline __m256 Avx2::load_tail<F16>(const char* p, size_t count) {
  return _mm256_cvtph_ps(tail16(p, count, 0xfc00));
}
template <>
inline __m256 Avx2::load_tail<BF16>(const char* p, size_t count) {
  return from_bf16(tail16(p, count, 0xff80));
}

}  // namespace

namespace bpb {

void nll_avx2(const bpb_logits& logits, const bpb_targets& targets, float* nats) {
  score<Avx2>(logits, targets, nats);
}

uint64_t read_avx2(const void* data, size_t bytes) {
  const char* p = (const char*)data;
  const auto at = [](const char* q) { return _mm256_loadu_si256((const __m256i*)q); };
  __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
  for (size_t i = 0; i + 128 <= bytes; i += 128, p += 128) {
    a = _mm256_xor_si256(a, at(p));
    b = _mm256_xor_si256(b, at(p + 32));
    c = _mm256_xor_si256(c, at(p + 64));
    d = _mm256_xor_si256(d, at(p + 96));
  }
  a = _mm256_xor_si256(_mm256_xor_si256(a, b), _mm256_xor_si256(c, d));
  uint64_t lanes[4];
  _mm256_storeu_si256((__m256i*)lanes, a);
  return lanes[0] | lanes[1] | lanes[2] | lanes[3];
}

}  // namespace bpb
