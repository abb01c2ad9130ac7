// Causal attention for one instruction set: avx512.
#include "attention.h"
#include "kernels_isa.h"
#include "lanes_avx512.h"

namespace {

struct Attention512 : Avx512 {
  static constexpr int kRows = 8;

  static __mmask16 greater(Vec a, Vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
  static Vec above(Vec limit, Vec key, Vec x, Vec otherwise) {
    return _mm512_mask_blend_ps(greater(limit, key), otherwise, x);
  }
  static Vec madd_above(Vec limit, Vec key, Vec a, Vec b, Vec c) {
    return _mm512_mask3_fmadd_ps(a, b, c, greater(limit, key));
  }
  static Vec power_of_two(Vec n) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(n), 23));
  }
  // Blocks of 4 x 4 first, then the blocks.
  static void transpose(Vec (&x)[W]) {
    Vec y[W];
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {
      const Vec a = _mm512_unpacklo_ps(x[i], x[i + 1]), b = _mm512_unpackhi_ps(x[i], x[i + 1]);
      const Vec c = _mm512_unpacklo_ps(x[i + 2], x[i + 3]);
      const Vec d = _mm512_unpackhi_ps(x[i + 2], x[i + 3]);
      y[i] = _mm512_shuffle_ps(a, c, 0x44);
      y[i + 1] = _mm512_shuffle_ps(a, c, 0xee);
      y[i + 2] = _mm512_shuffle_ps(b, d, 0x44);
      y[i + 3] = _mm512_shuffle_ps(b, d, 0xee);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      const Vec a = _mm512_shuffle_f32x4(y[i], y[i + 4], 0x88);
      const Vec b = _mm512_shuffle_f32x4(y[i], y[i + 4], 0xdd);
      const Vec c = _mm512_shuffle_f32x4(y[i + 8], y[i + 12], 0x88);
      const Vec d = _mm512_shuffle_f32x4(y[i + 8], y[i + 12], 0xdd);
      x[i] = _mm512_shuffle_f32x4(a, c, 0x88);
      x[i + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
      x[i + 8] = _mm512_shuffle_f32x4(a, c, 0xdd);
      x[i + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
    }
  }
};

}  // namespace

namespace bpb {
namespace cpu {

BPB_ATTENTION_KERNELS(avx512, Attention512)

}  // namespace cpu
}  // namespace bpb
