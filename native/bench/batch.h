// Logits for a check, as they would lie in memory: a type, rows of any stride, any offset from a
// 16-byte boundary; filled by a seeded generator, in one of the ways that have broken scorers.
#ifndef BPB_BENCH_BATCH_H_
#define BPB_BENCH_BATCH_H_

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <vector>

#include "../src/float_formats.h"
#include "../src/nll.h"

namespace bench {

// splitmix64: any seed will do, and nearby seeds give unrelated streams.
struct Random {
  uint64_t state;
  uint64_t bits() {
    uint64_t z = state += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  double uniform() { return (double)(bits() >> 11) * 0x1p-53; }
  uint32_t below(uint32_t n) { return (uint32_t)(bits() % n); }
  // Near enough to a normal deviate, and bounded by 4.9: the sum of 8 uniform ones.
  double normal() {
    double sum = 0;
    for (int i = 0; i < 2; ++i) {
      for (uint64_t four = bits(), k = 0; k < 4; ++k, four >>= 16) sum += (double)(four & 0xffff);
    }
    return (sum * 0x1p-16 - 4) * 1.2247448713915890;  // the variance of the sum is 8/12
  }
};

using bpb::bfloat_of;
using bpb::bits_of;
using bpb::float_of;
using bpb::from_bfloat;
using bpb::from_half;
using bpb::half_of;

// An element of a type from its bits in memory, and the bits to store for one.
inline float value_of(bpb_type type, uint32_t bits) {
  if (type == BPB_FP32) return float_of(bits);
  return type == BPB_FP16 ? from_half((uint16_t)bits) : from_bfloat((uint16_t)bits);
}
inline uint32_t stored_bits(bpb_type type, float x) {
  if (type == BPB_FP32) return bits_of(x);
  return type == BPB_FP16 ? half_of(x) : bfloat_of(x);
}

// How the logits are distributed; `size` scales the first two.
enum class Fill {
  kNormal,    // normal deviates
  kEqual,     // a whole row of one value
  kSpike,     // normal, one at +88
  kHoles,     // normal, half of them -inf
  kDenormal,  // denormals of the type, and zeros
  kHuge,      // about 1e8 (fp16: 6e4), a few units in the last place apart
  kOpposite,  // the largest and the lowest finite values, and little between
};

struct Batch {
  bpb_type type;
  uint32_t rows, vocab;
  size_t stride, offset;         // in elements
  std::vector<uint8_t> memory;   // begins on a 16-byte boundary, as far as the kernel is told
  std::vector<int32_t> targets;  // one for each row

  size_t size() const { return type == BPB_FP32 ? 4 : 2; }
  size_t index(uint32_t row, uint32_t i) const { return offset + row * stride + i; }

  float at(uint32_t row, uint32_t i) const {
    const uint8_t* p = memory.data() + index(row, i) * size();
    uint32_t bits = 0;
    memcpy(&bits, p, size());
    return value_of(type, bits);
  }

  void set(uint32_t row, uint32_t i, float x) {
    uint8_t* p = memory.data() + index(row, i) * size();
    const uint32_t bits = stored_bits(type, x);
    memcpy(p, &bits, size());
  }
};

inline float draw(Fill fill, bpb_type type, double size, Random& random) {
  const double normal = random.normal();
  const bool half = type == BPB_FP16;
  switch (fill) {
    case Fill::kNormal:
    case Fill::kSpike: return (float)(size * normal);
    case Fill::kEqual: return (float)size;
    case Fill::kHoles: return random.below(2) ? -INFINITY : (float)(size * normal);
    case Fill::kDenormal: return (float)(normal * (half ? 1e-6 : 1e-39));
    case Fill::kHuge:
      if (half) return (float)(6e4 + 64 * normal);
      return (float)(1e8 + (type == BPB_FP32 ? 16 : 1e6) * normal);
    case Fill::kOpposite: {
      const float most = half ? 65504.0f : type == BPB_FP32 ? FLT_MAX : 3.38e38f;
      const uint32_t which = random.below(8);
      return which == 0 ? most : which == 1 ? -most : (float)(size * normal);
    }
  }
  return 0;
}

inline Batch make_batch(bpb_type type, uint32_t rows, uint32_t vocab, size_t padding, size_t offset,
                        Fill fill, double size, uint64_t seed) {
  Batch batch = {type, rows, vocab, vocab + padding, offset, {}, {}};
  // What lies between and around the rows must never be read as a logit: all NaN.
  batch.memory.assign((offset + rows * batch.stride + 64) * batch.size(), 0xff);
  Random random = {seed};
  for (uint32_t row = 0; row < rows; ++row) {
    const double level = fill == Fill::kEqual ? size * random.normal() : size;
    for (uint32_t i = 0; i < vocab; ++i) batch.set(row, i, draw(fill, type, level, random));
    if (fill == Fill::kSpike) batch.set(row, random.below(vocab), 88);
    uint32_t target = random.below(vocab);
    // Every other target is the likeliest: trained models mostly are right, and then errors show.
    if (row % 2) {
      for (uint32_t i = 0; i < vocab; ++i) {
        if (batch.at(row, i) > batch.at(row, target)) target = i;
      }
    }
    // Infinite nats have tests of their own.
    if (fill == Fill::kHoles && batch.at(row, target) == -INFINITY) batch.set(row, target, 0);
    batch.targets.push_back((int32_t)target);
  }
  return batch;
}

}  // namespace bench

#endif  // BPB_BENCH_BATCH_H_
