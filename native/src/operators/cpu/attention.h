// Causal attention of a tile of queries, written once over the lanes `L`; each attention_*.cc instantiates it.
//
// Scores, weights and sums stand with queries in the lanes: S[key][query], O[element][query]. So the maximum and
// the sum of a query need no exchange between lanes, and keys and values are read as they lie, one element at a
// time for all queries of a tile. Keys come in blocks; with a running maximum what was summed before is scaled
// when the maximum grows (Milakov and Gimelshein 2018, arXiv:1805.02867; Dao et al. 2022, arXiv:2205.14135).
//
// `L` has beyond lanes.h: kRows of a register tile, above (limit > key ? x : otherwise), madd_above (the same for
// a*b+c and c), power_of_two (2^(n-127) for an integer n in the last bits of a lane), transpose of W vectors.
#ifndef BPB_OPERATORS_CPU_ATTENTION_H_
#define BPB_OPERATORS_CPU_ATTENTION_H_

#include <float.h>

#include <algorithm>
#include <vector>

#include "attention_plan.h"
#include "lanes.h"

namespace {

using bpb::cpu::AttentionKeys;
using bpb::cpu::AttentionPlan;
using bpb::cpu::AttentionTile;

// Vectors of a tile, found by trial: with 8 rows 24 sums, and 11 loads for 24 products.
constexpr int kVectors = 3;

// Keys of a block. Scores, queries and sums of a tile stay in the first cache together.
constexpr size_t kBlock = 64;

// 2^t for t <= 0, to 1.2 ulp; 0 below -126.5.
template <class L>
inline typename L::Vec exp2_nonpositive(typename L::Vec t) {
  // Adding 1.5 * 2^23 leaves no bits for a fraction; with 127 more the last bits are n's exponent.
  const auto magic = L::set(12582912.0f + 127.0f);
  t = L::max(L::set(-127.0f), t);
  const auto shifted = L::add(t, magic);
  const auto r = L::sub(t, L::sub(shifted, magic));
  // (2^r - 1) / r on |r| <= 1/2, interpolated at Chebyshev points; error of 2^r 9.2e-9.
  auto p = L::set(0.00015453163359779865f);
  p = L::madd(p, r, L::set(0.0013390863314270973f));
  p = L::madd(p, r, L::set(0.009618083015084267f));
  p = L::madd(p, r, L::set(0.055503569543361664f));
  p = L::madd(p, r, L::set(0.24022650718688965f));
  p = L::madd(p, r, L::set(0.6931471824645996f));
  p = L::madd(p, r, L::set(1.0f));
  return L::mul(p, L::power_of_two(shifted));
}

// One tile for one key head, and the memory for it.
template <class L>
class TileAttention {
  using Vec = typename L::Vec;

 public:
  static constexpr size_t kLanes = kVectors * L::W;

  TileAttention(const AttentionPlan& plan, size_t head)
      : plan_(plan),
        a_(plan.arguments()),
        size_((size_t)a_.head_size),
        head_(head),
        q_(scratch((2 * size_ + kBlock) * kLanes)),
        o_(q_ + size_ * kLanes),
        s_(o_ + size_ * kLanes) {
    // In two parts: rounded to fp32, the factor would be off by the same for all scores.
    const double factor = (double)a_.scale * 1.4426950408889634;
    factor_ = L::set((float)factor);
    factor_low_ = L::set((float)(factor - (double)(float)factor));
  }

  void run(const AttentionTile& tile, const AttentionKeys& keys) {
    read_queries(tile);
    const size_t count = last_limit(vectors_ - 1);
    for (size_t begin = 0; begin < count; begin += kBlock) {
      const size_t end = std::min(count, begin + kBlock);
      const int first = first_vector(begin);
      Vec top[kVectors];
      for (Vec& each : top) each = L::set(-INFINITY);
      scores(keys.k, keys.stride, begin, end, top);
      for (int v = first; v < vectors_; v++) weights(v, begin, end, top[v]);
      sums(keys.v, keys.stride, begin, end);
    }
    write_outputs(tile);
  }

 private:
  size_t last_limit(int vector) const { return limits_[(vector + 1) * L::W - 1]; }

  // The first vector with a query that may see `key`.
  int first_vector(size_t key) const {
    int v = 0;
    while (v < vectors_ && last_limit(v) <= key) v++;
    return v;
  }

  float* place(float* base, size_t row, int vector) const {
    return base + row * kLanes + (size_t)vector * L::W;
  }
  Vec load(float* base, size_t row, int vector) const {
    return L::template load<F32>(place(base, row, vector));
  }
  void store(float* base, size_t row, int vector, Vec value) const {
    L::template store<F32>(place(base, row, vector), value);
  }

  // A lane's head in a row of q or y.
  size_t offset_of(size_t lane, size_t query) const {
    const size_t heads = (size_t)a_.q_heads, group = plan_.group();
    return (query * heads + head_ * group + lane % group) * size_;
  }

  // Queries, times scale and log2(e), with an element of all queries in a row.
  void read_queries(const AttentionTile& tile) {
    const size_t lanes = tile.to - tile.from;
    vectors_ = (int)((lanes + L::W - 1) / L::W);
    for (int v = 0; v < vectors_; v++) {
      const float* rows[L::W];
      float limits[L::W];
      for (size_t i = 0; i < L::W; i++) {
        // Lanes beyond the last do what the last one does.
        const size_t lane = std::min(tile.from + (size_t)v * L::W + i, tile.to - 1);
        const size_t query = plan_.query(lane);
        rows[i] = a_.q + offset_of(lane, query);
        limits_[(size_t)v * L::W + i] = plan_.limit(query);
        limits[i] = (float)plan_.limit(query);
      }
      limit_[v] = L::template load<F32>(limits);
      top_[v] = L::set(-INFINITY);
      sum_[v] = L::set(0);
      for (size_t d = 0; d < size_; d += L::W) {
        const size_t count = std::min(L::W, size_ - d);
        Vec x[L::W];
#pragma GCC unroll 16
        for (size_t i = 0; i < L::W; i++) {
          x[i] = L::template load<F32>(rows[i] + d, count);
          x[i] = L::madd(x[i], factor_, L::mul(x[i], factor_low_));
        }
        L::transpose(x);
#pragma GCC unroll 16
        for (size_t i = 0; i < count; i++) {
          store(q_, d + i, v, x[i]);
          store(o_, d + i, v, L::set(0));
        }
      }
    }
  }

  // R keys against the vectors from `first` on. Not inlined: its sums need all registers.
  template <int R, int N, bool kMasked>
  __attribute__((noinline)) void score_tile(const float* k, size_t stride, size_t key, size_t row,
                                            int first, Vec* top) {
    Vec acc[R][N];
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) acc[r][n] = L::set(0);
    }
    const float* q = q_ + (size_t)first * L::W;
    for (size_t d = 0; d < size_; d++, q += kLanes) {
      Vec b[N];
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) b[n] = L::template load<F32>(q + n * L::W);
#pragma GCC unroll 8
      for (int r = 0; r < R; r++) {
        const Vec x = L::set(k[(size_t)r * stride + d]);
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) acc[r][n] = L::madd(x, b[n], acc[r][n]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
      const Vec own = L::set((float)(key + (size_t)r));
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) {
        Vec s = acc[r][n];
        if (kMasked) s = L::above(limit_[first + n], own, s, L::set(-INFINITY));
        top[first + n] = L::max(top[first + n], s);
        store(s_, row + (size_t)r, first + n, s);
      }
    }
  }

  template <int R>
  void score_rows(const float* k, size_t stride, size_t key, size_t row, Vec* top) {
    const int first = first_vector(key), n = vectors_ - first;
    k += key * stride;
    if (limits_[(size_t)first * L::W] >= key + R) {
      if (n == 3) return score_tile<R, 3, false>(k, stride, key, row, first, top);
      if (n == 2) return score_tile<R, 2, false>(k, stride, key, row, first, top);
      return score_tile<R, 1, false>(k, stride, key, row, first, top);
    }
    if (n == 3) return score_tile<R, 3, true>(k, stride, key, row, first, top);
    if (n == 2) return score_tile<R, 2, true>(k, stride, key, row, first, top);
    score_tile<R, 1, true>(k, stride, key, row, first, top);
  }

  // Scores of a block, and the maximum of each query's.
  void scores(const float* k, size_t stride, size_t begin, size_t end, Vec* top) {
    constexpr size_t kRows = L::kRows;
    size_t key = begin;
    for (; key + kRows <= end; key += kRows) {
      score_rows<L::kRows>(k, stride, key, key - begin, top);
    }
    for (; key < end; key++) score_rows<1>(k, stride, key, key - begin, top);
  }

  // Scores of a vector of queries to weights; what was summed before is scaled to the new maximum.
  void weights(int v, size_t begin, size_t end, Vec top) {
    top = L::max(top_[v], top);
    // Without a finite score yet, -inf less -inf would be NaN.
    const Vec base = L::max(L::set(-FLT_MAX), top);
    const Vec scale = exp2_nonpositive<L>(L::sub(top_[v], base));
    top_[v] = top;
    const size_t count = std::min(end, last_limit(v)) - begin;
    Vec sums[4] = {L::set(0), L::set(0), L::set(0), L::set(0)};
    const auto weight = [&](size_t row) {
      const Vec w = exp2_nonpositive<L>(L::sub(load(s_, row, v), base));
      store(s_, row, v, w);
      return w;
    };
    size_t row = 0;
    for (; row + 4 <= count; row += 4) {
      for (size_t i = 0; i < 4; i++) sums[i] = L::add(sums[i], weight(row + i));
    }
    for (size_t i = 0; row < count; row++, i++) sums[i] = L::add(sums[i], weight(row));
    sum_[v] = L::madd(sum_[v], scale, L::add(L::add(sums[0], sums[1]), L::add(sums[2], sums[3])));
    for (size_t d = 0; d < size_; d++) store(o_, d, v, L::mul(load(o_, d, v), scale));
  }

  // R elements of the values of `count` keys, times the weights of the vectors from `first` on.
  template <int R, int N, bool kMasked>
  __attribute__((noinline)) void sum_tile(const float* values, size_t stride, size_t key,
                                          size_t row, size_t count, size_t d, int first) {
    Vec acc[R][N];
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) acc[r][n] = load(o_, d + (size_t)r, first + n);
    }
    const float* p = place(s_, row, first);
    for (size_t i = 0; i < count; i++, p += kLanes, values += stride) {
      Vec b[N];
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) b[n] = L::template load<F32>(p + n * L::W);
      const Vec own = L::set((float)(key + i));
#pragma GCC unroll 8
      for (int r = 0; r < R; r++) {
        const Vec x = L::set(values[r]);
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) {
          if (kMasked) {
            acc[r][n] = L::madd_above(limit_[first + n], own, x, b[n], acc[r][n]);
          } else {
            acc[r][n] = L::madd(x, b[n], acc[r][n]);
          }
        }
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) store(o_, d + (size_t)r, first + n, acc[r][n]);
    }
  }

  template <int R, bool kMasked>
  void sum_rows(const float* values, size_t stride, size_t key, size_t row, size_t count, size_t d,
                int first) {
    const int n = vectors_ - first;
    if (n == 3) return sum_tile<R, 3, kMasked>(values, stride, key, row, count, d, first);
    if (n == 2) return sum_tile<R, 2, kMasked>(values, stride, key, row, count, d, first);
    sum_tile<R, 1, kMasked>(values, stride, key, row, count, d, first);
  }

  template <bool kMasked>
  void sum_keys(const float* values, size_t stride, size_t key, size_t row, size_t count,
                int first) {
    constexpr size_t kRows = L::kRows;
    values += key * stride;
    size_t d = 0;
    for (; d + kRows <= size_; d += kRows) {
      sum_rows<L::kRows, kMasked>(values + d, stride, key, row, count, d, first);
    }
    for (; d < size_; d++) sum_rows<1, kMasked>(values + d, stride, key, row, count, d, first);
  }

  // Sums of a block. A weight of 0 does not do for a key that a query may not see: 0 times NaN is NaN.
  void sums(const float* values, size_t stride, size_t begin, size_t end) {
    for (size_t key = begin; key < end;) {
      const int first = first_vector(key);
      const size_t all = limits_[(size_t)first * L::W];
      const size_t stop = std::min(end, key < all ? all : last_limit(first));
      if (key < all) {
        sum_keys<false>(values, stride, key, key - begin, stop - key, first);
      } else {
        sum_keys<true>(values, stride, key, key - begin, stop - key, first);
      }
      key = stop;
    }
  }

  void write_outputs(const AttentionTile& tile) {
    for (int v = 0; v < vectors_; v++) {
      // A query all of whose scores are -inf has no weights.
      const Vec inverse =
          L::above(top_[v], L::set(-INFINITY), L::div(L::set(1), sum_[v]), L::set(NAN));
      const size_t from = tile.from + (size_t)v * L::W, lanes = std::min(L::W, tile.to - from);
      float* rows[L::W];
      for (size_t i = 0; i < lanes; i++) {
        rows[i] = a_.y + offset_of(from + i, plan_.query(from + i));
      }
      for (size_t d = 0; d < size_; d += L::W) {
        const size_t count = std::min(L::W, size_ - d);
        Vec x[L::W];
#pragma GCC unroll 16
        for (size_t i = 0; i < L::W; i++) {
          x[i] = i < count ? L::mul(load(o_, d + i, v), inverse) : L::set(0);
        }
        L::transpose(x);
#pragma GCC unroll 16
        for (size_t i = 0; i < lanes; i++) L::template store<F32>(rows[i] + d, x[i], count);
      }
    }
  }

  // Kept from unit to unit: a fresh allocation would be fresh pages each time.
  static float* scratch(size_t floats) {
    constexpr size_t kAlign = 64;
    thread_local std::vector<float> memory;
    if (memory.size() < floats + kAlign / 4) memory.resize(floats + kAlign / 4);
    const uintptr_t start = ((uintptr_t)memory.data() + kAlign - 1) / kAlign * kAlign;
    return (float*)start;
  }

  const AttentionPlan& plan_;
  const bpb_causal_attention& a_;
  const size_t size_, head_;
  float *const q_, *const o_, *const s_;  // [head_size, kLanes] twice, [kBlock, kLanes]
  Vec factor_, factor_low_;
  int vectors_ = 0;        // of the tile
  size_t limits_[kLanes];  // keys that a query may see, ascending
  Vec limit_[kVectors], top_[kVectors],
      sum_[kVectors];  // the same; running maximum; sum of weights
};

}  // namespace

// Defines the kernels of one instruction set, under the names of kernels_isa.h.
#define BPB_ATTENTION_KERNELS(isa, L)                                                          \
  size_t attention_lanes_##isa() { return TileAttention<L>::kLanes; }                          \
  void attention_tile_##isa(const AttentionPlan& plan, const AttentionTile& tile, size_t head, \
                            const AttentionKeys& keys) {                                       \
    TileAttention<L>(plan, head).run(tile, keys);                                              \
  }

#endif  // BPB_OPERATORS_CPU_ATTENTION_H_
