// Causal attention for one instruction set: avx2.
#include "attention.h"
#include "kernels_isa.h"
#include "lanes_avx2.h"

namespace {

struct Attention2 : Avx2 {
  static constexpr int kRows = 4;

  static Vec above(Vec limit, Vec key, Vec x, Vec otherwise) {
    return _mm256_blendv_ps(otherwise, x, _mm256_cmp_ps(limit, key, _CMP_GT_OQ));
  }
  static Vec madd_above(Vec limit, Vec key, Vec a, Vec b, Vec c) {
    return above(limit, key, madd(a, b, c), c);
  }
  static Vec power_of_two(Vec n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(n), 23));
  }
  // Blocks of 4 x 4 first, then the blocks.
  static void transpose(Vec (&x)[W]) {
    Vec y[W];
#pragma GCC unroll 4
    for (int i = 0; i < 8; i += 4) {
      const Vec a = _mm256_unpacklo_ps(x[i], x[i + 1]), b = _mm256_unpackhi_ps(x[i], x[i + 1]);
      const Vec c = _mm256_unpacklo_ps(x[i + 2], x[i + 3]);
      const Vec d = _mm256_unpackhi_ps(x[i + 2], x[i + 3]);
      y[i] = _mm256_shuffle_ps(a, c, 0x44);
      y[i + 1] = _mm256_shuffle_ps(a, c, 0xee);
      y[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
      y[i + 3] = _mm256_shuffle_ps(b, d, 0xee);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      x[i] = _mm256_permute2f128_ps(y[i], y[i + 4], 0x20);
      x[i + 4] = _mm256_permute2f128_ps(y[i], y[i + 4], 0x31);
    }
  }
};

}  // namespace

namespace bpb {
namespace cpu {

BPB_ATTENTION_KERNELS(avx2, Attention2)

}  // namespace cpu
}  // namespace bpb
