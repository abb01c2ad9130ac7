// 8 lanes: AVX2, FMA, F16C.
#ifndef BPB_OPERATORS_CPU_LANES_AVX2_H_
#define BPB_OPERATORS_CPU_LANES_AVX2_H_

#include <immintrin.h>

#include "lanes.h"

namespace {

struct Avx2 {
  using Vec = __m256;
  static constexpr size_t W = 8;

  template <class T>
  static Vec load(const typename T::Stored* p, size_t count = W) {
    if (count == W) return whole<T>(p);
    typename T::Stored lanes[W] = {};
    memcpy(lanes, p, count * sizeof *lanes);
    return whole<T>(lanes);
  }
  template <class T>
  static void store(typename T::Stored* p, Vec v, size_t count = W) {
    if (count == W) return store_whole<T>(p, v);
    typename T::Stored lanes[W];
    store_whole<T>(lanes, v);
    memcpy(p, lanes, count * sizeof *lanes);
  }

  static Vec set(float x) { return _mm256_set1_ps(x); }
  static Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
  static Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
  static Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
  static Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
  static Vec madd(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
  static Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
  static Vec abs(Vec a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
  static Vec round(Vec a) {
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  // a 2^n for integers n of [-127, 127]. A product, so that a NaN stays one.
  static Vec scale(Vec a, Vec n) {
    const __m256i power = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(power, 23)));
  }
  static Vec select_negative(Vec sign, Vec negative, Vec otherwise) {
    return _mm256_blendv_ps(otherwise, negative, sign);
  }
  static float sum(Vec a) {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }

 private:
  template <class T>
  static Vec whole(const typename T::Stored* p);
  template <class T>
  static void store_whole(typename T::Stored* p, Vec v);
};

template <>
inline __m256 Avx2::whole<F32>(const float* p) {
  return _mm256_loadu_ps(p);
}
template <>
inline __m256 Avx2::whole<F16>(const uint16_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)p));
}
template <>
inline __m256 Avx2::whole<BF16>(const uint16_t* p) {
  const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

template <>
inline void Avx2::store_whole<F32>(float* p, __m256 v) {
  _mm256_storeu_ps(p, v);
}
template <>
inline void Avx2::store_whole<F16>(uint16_t* p, __m256 v) {
  const __m128i half = _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  _mm_storeu_si128((__m128i*)p, half);
}
template <>
inline void Avx2::store_whole<BF16>(uint16_t* p, __m256 v) {
  const __m256i bits = _mm256_castps_si256(v);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  // The addition would make some NaN infinite.
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
  rounded = _mm256_blendv_epi8(rounded, _mm256_set1_epi32(0x7fc00000), nan);
  rounded = _mm256_srli_epi32(rounded, 16);
  const __m128i low = _mm256_castsi256_si128(rounded);
  _mm_storeu_si128((__m128i*)p, _mm_packus_epi32(low, _mm256_extracti128_si256(rounded, 1)));
}

}  // namespace

#endif  // BPB_OPERATORS_CPU_LANES_AVX2_H_
