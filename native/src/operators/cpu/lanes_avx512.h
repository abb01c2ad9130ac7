// 16 lanes: AVX-512 F, BW, VL, DQ.
#ifndef BPB_OPERATORS_CPU_LANES_AVX512_H_
#define BPB_OPERATORS_CPU_LANES_AVX512_H_

#include <immintrin.h>

#include "lanes.h"

namespace {

struct Avx512 {
  using Vec = __m512;
  static constexpr size_t W = 16;

  template <class T>
  static Vec load(const typename T::Stored* p, size_t count = W);
  template <class T>
  static void store(typename T::Stored* p, Vec v, size_t count = W);

  static Vec set(float x) { return _mm512_set1_ps(x); }
  static Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
  static Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
  static Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
  static Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
  static Vec madd(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
  static Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
  static Vec abs(Vec a) { return _mm512_abs_ps(a); }
  static Vec round(Vec a) {
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static Vec scale(Vec a, Vec n) { return _mm512_scalef_ps(a, n); }
  static Vec select_negative(Vec sign, Vec negative, Vec otherwise) {
    return _mm512_mask_blend_ps(_mm512_movepi32_mask(_mm512_castps_si512(sign)), otherwise,
                                negative);
  }
  static float sum(Vec a) { return _mm512_reduce_add_ps(a); }

  static __mmask16 mask(size_t count) { return (__mmask16)((1u << count) - 1); }
};

template <>
inline __m512 Avx512::load<F32>(const float* p, size_t count) {
  return count == W ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(mask(count), p);
}
template <>
inline __m512 Avx512::load<F16>(const uint16_t* p, size_t count) {
  return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask(count), p));
}
template <>
inline __m512 Avx512::load<BF16>(const uint16_t* p, size_t count) {
  const __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask(count), p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

template <>
inline void Avx512::store<F32>(float* p, __m512 v, size_t count) {
  if (count == W) {
    _mm512_storeu_ps(p, v);
  } else {
    _mm512_mask_storeu_ps(p, mask(count), v);
  }
}
template <>
inline void Avx512::store<F16>(uint16_t* p, __m512 v, size_t count) {
  const __m256i half = _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  _mm256_mask_storeu_epi16(p, mask(count), half);
}
template <>
inline void Avx512::store<BF16>(uint16_t* p, __m512 v, size_t count) {
  const __m512i bits = _mm512_castps_si512(v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  // The addition would make some NaN infinite.
  const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
  rounded = _mm512_mask_mov_epi32(rounded, nan, _mm512_set1_epi32(0x7fc00000));
  _mm256_mask_storeu_epi16(p, mask(count), _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
}

}  // namespace

#endif  // BPB_OPERATORS_CPU_LANES_AVX512_H_
