// 16 lanes: AVX-512 F, BW, VL, DQ.
#ifndef BPB_LANES_AVX512_H_
#define BPB_LANES_AVX512_H_

#include <immintrin.h>

#include "lanes.h"

namespace {

struct Avx512 {
  using Vec = __m512;
  using Wide = __m512d;
  static constexpr size_t W = 16;

  template <class T>
  static Vec load(const void* p, size_t count = W);
  template <class T>
  static void store(void* p, Vec v, size_t count = W);

  static Vec set(float x) { return _mm512_set1_ps(x); }
  static Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
  static Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
  static Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
  static Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
  static Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
  static Vec madd(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
  static Vec min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
  static Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
  static Vec abs(Vec a) { return _mm512_abs_ps(a); }
  static Vec copysign(Vec size, Vec sign) {
    return _mm512_or_ps(size, _mm512_and_ps(sign, _mm512_set1_ps(-0.0f)));
  }
  static Vec round(Vec a) {
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static Vec scale(Vec a, Vec n) { return _mm512_scalef_ps(a, n); }
  static Vec power_of_two(Vec n) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(n), 23));
  }

  static Vec where_above(Vec a, Vec b, Vec yes, Vec no) {
    return _mm512_mask_blend_ps(above(a, b), no, yes);
  }
  static Vec where_at_most(Vec a, Vec b, Vec yes, Vec no) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LE_OQ), no, yes);
  }
  static Vec where_negative(Vec sign, Vec yes, Vec no) {
    return _mm512_mask_blend_ps(_mm512_movepi32_mask(_mm512_castps_si512(sign)), no, yes);
  }
  static Vec madd_above(Vec a, Vec b, Vec x, Vec y, Vec z) {
    return _mm512_mask3_fmadd_ps(x, y, z, above(a, b));
  }
  static bool any_above(Vec a, Vec b) { return above(a, b) != 0; }
  static Vec first(Vec a, size_t count, Vec otherwise) {
    return _mm512_mask_blend_ps(mask(count), otherwise, a);
  }

  static float sum(Vec a) { return _mm512_reduce_add_ps(a); }
  static Wide wide_zero() { return _mm512_setzero_pd(); }
  static Wide wide_add(Wide total, Vec a) {
    const Wide low = _mm512_cvtps_pd(_mm512_castps512_ps256(a));
    const Wide high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1));
    return _mm512_add_pd(total, _mm512_add_pd(low, high));
  }
  static double wide_sum(Wide total) { return _mm512_reduce_add_pd(total); }

  static Vec interleave_low(Vec a, Vec b) { return _mm512_unpacklo_ps(a, b); }
  static Vec interleave_high(Vec a, Vec b) { return _mm512_unpackhi_ps(a, b); }
  static Vec pair_low(Vec a, Vec b) { return _mm512_shuffle_ps(a, b, 0x44); }
  static Vec pair_high(Vec a, Vec b) { return _mm512_shuffle_ps(a, b, 0xee); }
  static Vec even_blocks(Vec a, Vec b) { return _mm512_shuffle_f32x4(a, b, 0x88); }
  static Vec odd_blocks(Vec a, Vec b) { return _mm512_shuffle_f32x4(a, b, 0xdd); }

 private:
  static __m256i load_halves(const void* p, size_t count) {
    if (count == W) return _mm256_loadu_si256((const __m256i*)p);
    return _mm256_maskz_loadu_epi16(mask(count), p);
  }
  static __mmask16 mask(size_t count) { return (__mmask16)((1u << count) - 1); }
  static __mmask16 above(Vec a, Vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
};

template <>
inline __m512 Avx512::load<F32>(const void* p, size_t count) {
  return count == W ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(mask(count), p);
}
template <>
inline __m512 Avx512::load<F16>(const void* p, size_t count) {
  return _mm512_cvtph_ps(load_halves(p, count));
}
template <>
inline __m512 Avx512::load<BF16>(const void* p, size_t count) {
  const __m512i wide = _mm512_cvtepu16_epi32(load_halves(p, count));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

template <>
inline void Avx512::store<F32>(void* p, __m512 v, size_t count) {
  if (count == W) {
    _mm512_storeu_ps(p, v);
  } else {
    _mm512_mask_storeu_ps(p, mask(count), v);
  }
}
template <>
inline void Avx512::store<F16>(void* p, __m512 v, size_t count) {
  const __m256i half = _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  _mm256_mask_storeu_epi16(p, mask(count), half);
}
template <>
inline void Avx512::store<BF16>(void* p, __m512 v, size_t count) {
  const __m512i bits = _mm512_castps_si512(v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  // The addition would make some NaN infinite.
  const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
  rounded = _mm512_mask_mov_epi32(rounded, nan, _mm512_set1_epi32(0x7fc00000));
  _mm256_mask_storeu_epi16(p, mask(count), _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
}

}  // namespace

#endif  // BPB_LANES_AVX512_H_
