// The three element types as 16-byte vectors: unpacking to fp32, and maxima of packed words.
#ifndef BPB_CUDA_ELEMENTS_H_
#define BPB_CUDA_ELEMENTS_H_

#ifdef __CUDACC__
#include <cuda_fp16.h>
#endif

#include "nll_math.h"

namespace bpb {
namespace cuda {

// 16 bytes of logits as one load brings them.
struct alignas(16) Vector {
  uint32_t word[4];
};

// Each type: bytes an element, elements a vector, how a word is read, and the larger of two words,
// element by element: by value, or by size (and then the signs of the result mean nothing); a NaN is
// dropped unless both are NaN.
struct Fp32 {
  static constexpr int kSize = 4, kPerVector = 4;
  static constexpr uint32_t kLowest = 0xff800000u;  // -inf

  static BPB_HD float scalar(uint32_t bits) { return float_of(bits); }
  static BPB_HD void unpack(uint32_t word, float* x) { x[0] = float_of(word); }
  static BPB_HD uint32_t max(uint32_t a, uint32_t b) {
    return bits_of(fmaxf(float_of(a), float_of(b)));
  }
  static BPB_HD uint32_t max_size(uint32_t a, uint32_t b) {
    return bits_of(fmaxf(fabsf(float_of(a)), fabsf(float_of(b))));
  }
  static BPB_HD float largest(uint32_t word) { return float_of(word); }
  static BPB_HD float largest_size(uint32_t word) { return fabsf(float_of(word)); }
};

// What the two 16-bit types share; `Self` says how a pair is read.
template <class Self>
struct Pairs {
  static constexpr int kSize = 2, kPerVector = 8;

  static BPB_HD float scalar(uint32_t bits) {
    float x[2];
    Self::unpack(bits, x);
    return x[0];
  }
  static BPB_HD float largest(uint32_t word) {
    float x[2];
    Self::unpack(word, x);
    return fmaxf(x[0], x[1]);
  }
  static BPB_HD float largest_size(uint32_t word) { return largest(word & 0x7fff7fffu); }
  static uint32_t max_on_host(uint32_t a, uint32_t b) {
    float x[2], y[2];
    Self::unpack(a, x);
    Self::unpack(b, y);
    const uint32_t low = (y[0] > x[0] || x[0] != x[0] ? b : a) & 0xffffu;
    const uint32_t high = (y[1] > x[1] || x[1] != x[1] ? b : a) & 0xffff0000u;
    return high | low;
  }
};

struct Fp16 : Pairs<Fp16> {
  static constexpr uint32_t kLowest = 0xfc00fc00u;

  static BPB_HD void unpack(uint32_t word, float* x) {
#ifdef __CUDA_ARCH__
    __half2 pair;
    memcpy(&pair, &word, 4);
    const float2 both = __half22float2(pair);
    x[0] = both.x;
    x[1] = both.y;
#else
    x[0] = from_half((uint16_t)word);
    x[1] = from_half((uint16_t)(word >> 16));
#endif
  }
  static BPB_HD uint32_t max(uint32_t a, uint32_t b) {
#ifdef __CUDA_ARCH__
    uint32_t larger;
    asm("max.f16x2 %0, %1, %2;" : "=r"(larger) : "r"(a), "r"(b));
    return larger;
#else
    return max_on_host(a, b);
#endif
  }
  static BPB_HD uint32_t max_size(uint32_t a, uint32_t b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 860
    uint32_t larger;
    asm("max.xorsign.abs.f16x2 %0, %1, %2;" : "=r"(larger) : "r"(a), "r"(b));
    return larger;
#else
    return max(a & 0x7fff7fffu, b & 0x7fff7fffu);
#endif
  }
};

struct Bf16 : Pairs<Bf16> {
  static constexpr uint32_t kLowest = 0xff80ff80u;

  static BPB_HD void unpack(uint32_t word, float* x) {
    x[0] = float_of(word << 16);
    x[1] = float_of(word & 0xffff0000u);
  }
  static BPB_HD uint32_t max(uint32_t a, uint32_t b) {
#ifdef __CUDA_ARCH__
    uint32_t larger;
    asm("max.bf16x2 %0, %1, %2;" : "=r"(larger) : "r"(a), "r"(b));
    return larger;
#else
    return max_on_host(a, b);
#endif
  }
  static BPB_HD uint32_t max_size(uint32_t a, uint32_t b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 860
    uint32_t larger;
    asm("max.xorsign.abs.bf16x2 %0, %1, %2;" : "=r"(larger) : "r"(a), "r"(b));
    return larger;
#else
    return max(a & 0x7fff7fffu, b & 0x7fff7fffu);
#endif
  }
};

// Vectors a lane holds at once: 64 bytes, in flight or in use.
constexpr int kHeld = 4;

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_ELEMENTS_H_
