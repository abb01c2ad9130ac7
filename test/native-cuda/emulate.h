// Runs the CUDA scorer's lanes on the host, one after the other: the same lane code, the same share of
// the row for each, the same votes and the same order of merging as in kernel.cuh.
#ifndef BPB_TEST_EMULATE_H_
#define BPB_TEST_EMULATE_H_

#include "../../native/bench/batch.h"

// Set by main: which error the emulated device functions have.
inline float rough_exp2(float x);
inline float rough_reciprocal(float x);
#define BPB_HOST_EXP2(x) rough_exp2(x)
#define BPB_HOST_RECIPROCAL(x) rough_reciprocal(x)

#include "../../native/src/cuda/lane.h"
#include "../../native/src/cuda/row.h"

// 0: correctly rounded. 1: every result high by the device's worst error. 2: high or low by it, as a
// bit of the result falls.
inline int rough_model = 0;

inline float roughened(float y, float error) {
  if (rough_model == 0) return y;
  uint32_t bits = bpb::bits_of(y) * 2654435761u;
  return fmaf(y, rough_model == 1 || (bits >> 31) ? error : -error, y);
}
// ex2.approx.ftz has a largest relative error of 2^-22.5, rcp.approx.ftz of one ulp (PTX manual). Both
// are exact where the result is a power of two that the kernel relies on: exp2(0) = 1.
inline float rough_exp2(float x) { return x == 0 ? 1.0f : roughened(exp2f(x), 1.6858739e-7f); }
inline float rough_reciprocal(float x) { return roughened(1.0f / x, 1.1920929e-7f); }

namespace emulation {

using namespace bpb::cuda;

template <class T>
struct Row {
  const uint8_t* bytes;
  RowShape shape;

  // `address` is what the device would see; only its last bits matter.
  Row(const uint8_t* memory, size_t address, uint32_t vocab)
      : bytes(memory + address), shape(row_shape<T>(address, vocab)) {}

  float single(uint32_t i) const {
    uint32_t bits = 0;
    memcpy(&bits, bytes + (size_t)i * T::kSize, T::kSize);
    return T::scalar(bits);
  }
  Vector vector(uint32_t i) const {
    Vector v;
    memcpy(&v, bytes + shape.head * T::kSize + (size_t)i * sizeof(Vector), sizeof v);
    return v;
  }
};

template <int kTier, class L, class Formula>
void add_held(L& lane, const Formula& f, const Vector* held, int rest, int lanes) {
  for (int k = 0; k < kHeld; ++k) lane.template add<kTier>(f, held[k], rest > k * lanes);
}

// Merges lanes first .. first + width by halves, as the shuffles do.
template <class L, class Formula>
void merge(std::vector<L>& all, int first, int width, const Formula& f) {
  float top = all[first].top;
  for (int i = 1; i < width; ++i) top = fmaxf(top, all[first + i].top);
  std::vector<float> sum(width), other(width);
  for (int i = 0; i < width; ++i) {
    sum[i] = L::rescaled(f, all[first + i].sum, all[first + i].top, top);
  }
  for (int d = width / 2; d > 0; d /= 2) {
    for (int i = 0; i < width; ++i) other[i] = sum[i] + sum[i ^ d];
    sum = other;
  }
  all[first].top = top;
  all[first].sum = sum[0];
}

// Nats of one target; `lanes` is 8, 32 or 256.
template <class T, class Formula>
float row_nats(const Formula& f, const uint8_t* memory, size_t address, uint32_t vocab,
               int32_t target, int lanes) {
  using L = Lane<T, Formula>;
  const Row<T> row(memory, address, vocab);
  const RowShape shape = row.shape;
  const int width = lanes < 32 ? lanes : 32;
  std::vector<L> all(lanes);
  std::vector<Vector> held((size_t)lanes * kHeld, Vector{{0, 0, 0, 0}});
  for (int i = 0; i < lanes; ++i) {
    all[i].reset();
    if (i < (int)shape.head) all[i].single(f, row.single(i));
    if (i < (int)shape.tail) all[i].single(f, row.single(vocab - shape.tail + i));
  }
  for (uint32_t chunk = 0; chunk < row_chunks<T>(vocab, lanes); ++chunk) {
    const int first = (int)(chunk * lanes * kHeld);
    const auto rest = [&](int i) { return (int)shape.vectors - i - first; };
    for (int i = 0; i < lanes; ++i) {
      // A vector that is not in the row keeps what was there before, as in the kernel.
      for (int k = 0; k < kHeld; ++k) {
        if (rest(i) > k * lanes) held[i * kHeld + k] = row.vector(first + i + k * lanes);
      }
      all[i].open(f, &held[i * kHeld], rest(i), lanes);
    }
    for (int warp = 0; warp < lanes; warp += width) {
      int tier = 0;
      for (int i = warp; i < warp + width; ++i)
        tier = all[i].tier(f) > tier ? all[i].tier(f) : tier;
      for (int i = warp; i < warp + width; ++i) {
        if (tier == 0) add_held<0>(all[i], f, &held[i * kHeld], rest(i), lanes);
        if constexpr (L::kTiers == 3) {
          if (tier == 1) add_held<1>(all[i], f, &held[i * kHeld], rest(i), lanes);
          if (tier == 2) add_held<2>(all[i], f, &held[i * kHeld], rest(i), lanes);
        }
        all[i].close();
      }
    }
  }
  for (int warp = 0; warp < lanes; warp += width) merge(all, warp, width, f);
  float top = all[0].top, sum = 0;
  for (int warp = 0; warp < lanes; warp += width) top = fmaxf(top, all[warp].top);
  for (int warp = 0; warp < lanes; warp += width) {
    sum += lanes > width ? L::rescaled(f, all[warp].sum, all[warp].top, top) : all[warp].sum;
  }
  return (uint32_t)target < vocab ? L::nats(f, top, sum, row.single(target)) : NAN;
}

// As launch.cuh chooses the formula.
template <class T>
float nats_of(double softcap, const uint8_t* memory, size_t address, uint32_t vocab, int32_t target,
              int lanes) {
  if (softcap == 0) return row_nats<T>(Plain{}, memory, address, vocab, target, lanes);
  if (softcap >= FastCap::kMin && softcap <= FastCap::kMax) {
    return row_nats<T>(make_fast_cap(softcap), memory, address, vocab, target, lanes);
  }
  return row_nats<T>(make_any_cap(softcap), memory, address, vocab, target, lanes);
}

// Nats of one target of a batch.
inline float nats_of(const bench::Batch& batch, uint32_t row, int32_t target, double softcap,
                     int lanes) {
  const auto type = batch.type == BPB_FP32   ? nats_of<Fp32>
                    : batch.type == BPB_FP16 ? nats_of<Fp16>
                                             : nats_of<Bf16>;
  return type(softcap, batch.memory.data(), batch.index(row, 0) * batch.size(), batch.vocab, target,
              lanes);
}

// Nats of a batch's own targets.
inline std::vector<float> nats_of(const bench::Batch& batch, double softcap, int lanes) {
  std::vector<float> nats;
  for (uint32_t row = 0; row < batch.rows; ++row) {
    nats.push_back(nats_of(batch, row, batch.targets[row], softcap, lanes));
  }
  return nats;
}

}  // namespace emulation

#endif  // BPB_TEST_EMULATE_H_
