// 8 lanes: AVX2, FMA, F16C.
#ifndef BPB_LANES_AVX2_H_
#define BPB_LANES_AVX2_H_

#include <immintrin.h>

#include "lanes.h"

namespace {

struct Avx2 {
  using Vec = __m256;
  using Wide = __m256d;
  static constexpr size_t W = 8;

  // A part goes through the whole on the stack: memory beyond a row may be on no page.
  template <class T>
  static Vec load(const void* p, size_t count = W) {
    if (count == W) return load_whole<T>(p);
    typename T::Stored lanes[W] = {};
    memcpy(lanes, p, count * sizeof *lanes);
    return load_whole<T>(lanes);
  }
  template <class T>
  static void store(void* p, Vec v, size_t count = W) {
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
  // For n of [-127, 127]. A product, not an addition to the exponent's bits, so that a NaN stays one.
  static Vec scale(Vec a, Vec n) {
    const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_mul_ps(a, power_of_two(_mm256_castsi256_ps(biased)));
  }
  static Vec power_of_two(Vec n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(n), 23));
  }

  static Vec where_above(Vec a, Vec b, Vec yes, Vec no) {
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_GT_OQ));
  }
  static Vec where_at_most(Vec a, Vec b, Vec yes, Vec no) {
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LE_OQ));
  }
  static Vec where_negative(Vec sign, Vec yes, Vec no) { return _mm256_blendv_ps(no, yes, sign); }
  static Vec madd_above(Vec a, Vec b, Vec x, Vec y, Vec z) {
    return where_above(a, b, madd(x, y, z), z);
  }
  static bool any_above(Vec a, Vec b) {
    return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)) != 0;
  }
  static Vec first(Vec a, size_t count, Vec otherwise) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i kept = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lane);
    return _mm256_blendv_ps(otherwise, a, _mm256_castsi256_ps(kept));
  }

  static float sum(Vec a) {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
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

  static Vec interleave_low(Vec a, Vec b) { return _mm256_unpacklo_ps(a, b); }
  static Vec interleave_high(Vec a, Vec b) { return _mm256_unpackhi_ps(a, b); }
  static Vec pair_low(Vec a, Vec b) { return _mm256_shuffle_ps(a, b, 0x44); }
  static Vec pair_high(Vec a, Vec b) { return _mm256_shuffle_ps(a, b, 0xee); }
  static Vec even_blocks(Vec a, Vec b) { return _mm256_permute2f128_ps(a, b, 0x20); }
  static Vec odd_blocks(Vec a, Vec b) { return _mm256_permute2f128_ps(a, b, 0x31); }

 private:
  template <class T>
  static Vec load_whole(const void* p);
  template <class T>
  static void store_whole(void* p, Vec v);
};

template <>
inline __m256 Avx2::load_whole<F32>(const void* p) {
  return _mm256_loadu_ps((const float*)p);
}
template <>
inline __m256 Avx2::load_whole<F16>(const void* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)p));
}
template <>
inline __m256 Avx2::load_whole<BF16>(const void* p) {
  const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

template <>
inline void Avx2::store_whole<F32>(void* p, __m256 v) {
  _mm256_storeu_ps((float*)p, v);
}
template <>
inline void Avx2::store_whole<F16>(void* p, __m256 v) {
  const __m128i half = _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  _mm_storeu_si128((__m128i*)p, half);
}
template <>
inline void Avx2::store_whole<BF16>(void* p, __m256 v) {
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

#endif  // BPB_LANES_AVX2_H_
