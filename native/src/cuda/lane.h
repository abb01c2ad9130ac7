// Algorithm of the scorer: one lane's part of a row, and the merge of lanes.
//
// A row goes through `reset`, `single` for each logit of its head and tail, then chunk by chunk
// `open` (all held vectors, for their maximum or size), `add` (each vector) and `close`. A lane ends
// with (top, sum); lanes are merged by taking the largest top and adding the `rescaled` sums.
// The kernel and its emulation on the host differ only in what runs the lanes.
//
// `rest` is the number of the row's vectors from the lane's first one in the chunk on, so that the
// lane's vector k belongs to the row when rest > k * lanes.
#ifndef BPB_CUDA_LANE_H_
#define BPB_CUDA_LANE_H_

#include "elements.h"

#ifdef __CUDA_ARCH__
#define BPB_UNROLL _Pragma("unroll")
#else
#define BPB_UNROLL
#endif

namespace bpb {
namespace cuda {

// The sum of 2^n terms by halves: the rounding error grows with n, not with their number.
template <int kCount>
BPB_HD float sum_of(const float* term) {
  if constexpr (kCount == 1) {
    return term[0];
  } else {
    return sum_of<kCount / 2>(term) + sum_of<kCount / 2>(term + kCount / 2);
  }
}

template <class T>
BPB_HD void unpack(const Vector& vector, float* x) {
  BPB_UNROLL
  for (int w = 0; w < 4; ++w) T::unpack(vector.word[w], x + w * (T::kPerVector / 4));
}

// The largest logit, or with kSize the largest magnitude, of the vectors that belong to the row.
template <class T, bool kSize>
BPB_HD float largest_held(const Vector* held, int rest, int lanes, uint32_t lowest) {
  uint32_t largest = lowest;
  BPB_UNROLL
  for (int k = 0; k < kHeld; ++k) {
    uint32_t of = held[k].word[0];
    BPB_UNROLL
    for (int w = 1; w < 4; ++w) {
      of = kSize ? T::max_size(of, held[k].word[w]) : T::max(of, held[k].word[w]);
    }
    if (rest > k * lanes) largest = kSize ? T::max_size(largest, of) : T::max(largest, of);
  }
  return kSize ? T::largest_size(largest) : T::largest(largest);
}

// For Plain and AnyCap: `sum` is of exp(value - value(top)), `top` the largest raw logit so far. A
// NaN is dropped by the maximum and reaches the sum by itself; +inf makes it NaN.
template <class T, class Formula>
struct Lane {
  static constexpr int kTiers = 1;
  static constexpr bool kFlag = false;  // `top` is a logit
  float top, sum;
  float base, scale, chunk;  // value(top), the factor of the sum so far, the open chunk's sum

  static BPB_HD float term(float value, float reference) {
    return exp2_fast((value - reference) * kLog2e);
  }

  BPB_HD void reset() {
    top = Formula::kLowest;
    sum = 0;
  }

  BPB_HD void single(const Formula& f, float x) {
    const float larger = fmaxf(top, x);
    base = f.value(larger);
    sum = fmaf(sum, term(f.value(top), base), term(f.value(x), base));
    top = larger;
  }

  BPB_HD void open(const Formula& f, const Vector* held, int rest, int lanes) {
    const float larger = fmaxf(top, largest_held<T, false>(held, rest, lanes, T::kLowest));
    base = f.value(larger);
    scale = term(f.value(top), base);
    top = larger;
    chunk = 0;
  }

  BPB_HD int tier(const Formula&) const { return 0; }

  template <int kTier>
  BPB_HD void add(const Formula& f, const Vector& vector, bool belongs) {
    float x[T::kPerVector];
    unpack<T>(vector, x);
    BPB_UNROLL
    for (int i = 0; i < T::kPerVector; ++i) x[i] = term(f.value(x[i]), base);
    const float of = sum_of<T::kPerVector>(x);
    if (belongs) chunk += of;
  }

  BPB_HD void close() { sum = fmaf(sum, scale, chunk); }

  // The sum of a lane whose largest logit is `from`, in a row whose largest is `to`.
  static BPB_HD float rescaled(const Formula& f, float sum, float from, float to) {
    return sum * term(f.value(from), f.value(to));
  }

  // Nats of a target with logit x in the row of (top, sum).
  static BPB_HD float nats(const Formula& f, float top, float sum, float x) {
    // Nothing but -inf: the sum is empty (Plain), or the largest says so (AnyCap).
    if (sum == 0 || top == -INFINITY) return NAN;
    return (float)(log((double)sum) + ((double)f.value(top) - (double)f.value(x)));
  }
};

// For FastCap: `sum` is of 2^exponent with no reference; `top` is 1 once a logit above -inf was seen,
// because a row of nothing but -inf is refused although each would count as -c.
template <class T>
struct Lane<T, FastCap> {
  static constexpr int kTiers = 3;
  static constexpr bool kFlag = true;  // `top` is 0 or 1
  float top, sum;
  float size, chunk;  // the open chunk's largest magnitude and sum

  BPB_HD void reset() { top = sum = 0; }

  BPB_HD void single(const FastCap& f, float x) {
    sum += f.power<2>(x);
    if (x > -INFINITY) top = 1;
  }

  BPB_HD void open(const FastCap& f, const Vector* held, int rest, int lanes) {
    size = largest_held<T, true>(held, rest, lanes, 0);
    if (rest > 0 && size <= f.cap) top = 1;
    chunk = 0;
  }

  // The fastest tier that these logits allow; a warp takes the slowest of its lanes'.
  BPB_HD int tier(const FastCap& f) const {
    return size > f.cap ? 2 : size > f.short_bound ? 1 : 0;
  }

  template <int kTier>
  BPB_HD void add(const FastCap& f, const Vector& vector, bool belongs) {
    float x[T::kPerVector];
    unpack<T>(vector, x);
    BPB_UNROLL
    for (int i = 0; i < T::kPerVector; ++i) {
      if (kTier == 2 && belongs && x[i] > -INFINITY) top = 1;
      x[i] = f.power<kTier>(x[i]);
    }
    const float of = sum_of<T::kPerVector>(x);
    if (belongs) chunk += of;
  }

  BPB_HD void close() { sum += chunk; }

  static BPB_HD float rescaled(const FastCap&, float sum, float, float) { return sum; }

  static BPB_HD float nats(const FastCap& f, float top, float sum, float x) {
    if (top == 0) return NAN;
    return (float)(log((double)sum) - f.target_exponent(x) * kLn2);
  }
};

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_LANE_H_
