// The scorer with 16 lanes: AVX-512 F, BW, VL, DQ.
#include <immintrin.h>
#include <string.h>

#include "nll_isa.h"
#include "nll_kernel.h"

namespace {

struct Avx512 {
  using Vec = __m512;
  using Wide = __m512d;
  static constexpr size_t W = 16;

  template <class T>
  static Vec load(const char* p);
  // The first `count` elements; -inf in the other lanes.
  template <class T>
  static Vec load_tail(const char* p, size_t count);

  static void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
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
  static bool any_above(Vec a, Vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ) != 0; }
  static Vec where_below(Vec a, Vec b, Vec below, Vec otherwise) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LE_OQ), otherwise, below);
  }
  static Vec keep_first(Vec a, size_t count) { return _mm512_maskz_mov_ps(mask(count), a); }

  static Wide wide_zero() { return _mm512_setzero_pd(); }
  static Wide wide_add(Wide total, Vec a) {
    const Wide low = _mm512_cvtps_pd(_mm512_castps512_ps256(a));
    const Wide high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1));
    return _mm512_add_pd(total, _mm512_add_pd(low, high));
  }
  static double wide_sum(Wide total) { return _mm512_reduce_add_pd(total); }

  static __mmask16 mask(size_t count) { return (__mmask16)((1u << count) - 1); }
};

inline __m512 from_bf16(__m256i bits) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

template <>
inline __m512 Avx512::load<F32>(const char* p) {
  return _mm512_loadu_ps(p);
}
template <>
inline __m512 Avx512::load<F16>(const char* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)p));
}
template <>
inline __m512 Avx512::load<BF16>(const char* p) {
  return from_bf16(_mm256_loadu_si256((const __m256i*)p));
}
template <>
inline __m512 Avx512::load_tail<F32>(const char* p, size_t count) {
  return _mm512_mask_loadu_ps(_mm512_set1_ps(-INFINITY), mask(count), p);
}
template <>
inline __m512 Avx512::load_tail<F16>(const char* p, size_t count) {
  return _mm512_cvtph_ps(_mm256_mask_loadu_epi16(_mm256_set1_epi16((short)0xfc00), mask(count), p));
}
template <>
inline __m512 Avx512::load_tail<BF16>(const char* p, size_t count) {
  return from_bf16(_mm256_mask_loadu_epi16(_mm256_set1_epi16((short)0xff80), mask(count), p));
}

}  // namespace

namespace bpb {

void nll_avx512(const bpb_logits& logits, const bpb_targets& targets, float* nats) {
  score<Avx512>(logits, targets, nats);
}

uint64_t read_avx512(const void* data, size_t bytes) {
  const char* p = (const char*)data;
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
  for (size_t i = 0; i + 256 <= bytes; i += 256, p += 256) {
    a = _mm512_xor_si512(a, _mm512_loadu_si512(p));
    b = _mm512_xor_si512(b, _mm512_loadu_si512(p + 64));
    c = _mm512_xor_si512(c, _mm512_loadu_si512(p + 128));
    d = _mm512_xor_si512(d, _mm512_loadu_si512(p + 192));
  }
  a = _mm512_xor_si512(_mm512_xor_si512(a, b), _mm512_xor_si512(c, d));
  return (uint64_t)_mm512_reduce_or_epi64(a);
}

}  // namespace bpb
