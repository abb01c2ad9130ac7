// Kernels of SumNorm, SplitNormRotary, SquaredRelu and SwiGlu, written once over the lanes `L` and the element
// type `T`; each elementwise_*.cc instantiates them. Bits of a row depend on that row alone.
#ifndef BPB_OPERATORS_CPU_ELEMENTWISE_H_
#define BPB_OPERATORS_CPU_ELEMENTWISE_H_

#include <algorithm>
#include <vector>

#include "../../lanes/exponential.h"
#include "../operators.h"

namespace {

// Calls `work(i, count)` for each vector of `width` elements.
template <class L, class Work>
inline void each(size_t width, const Work& work) {
  size_t i = 0;
  for (; i + L::W <= width; i += L::W) work(i, L::W);
  if (i < width) work(i, width - i);
}

template <class L>
inline typename L::Vec factor_at(const float* factor, size_t i, size_t count) {
  return factor == nullptr ? L::set(1) : L::template load<F32>(factor + i, count);
}

// 1 / sqrt(x); NaN for an infinite one: what is beyond fp32 would else become zeros, which nothing shows.
inline float inverse_root(float x) { return x <= 3.4028235e38f ? 1 / sqrtf(x) : NAN; }

template <class L, class T>
void sum_norm_rows(const bpb_sum_norm& a, size_t from, size_t to) {
  using Stored = typename T::Stored;
  using Vec = typename L::Vec;
  std::vector<float> row(a.norm != nullptr ? a.width : 0);
  for (size_t r = from; r < to; r++) {
    const size_t at = r * a.width;
    Stored* const first = a.first == nullptr ? nullptr : (Stored*)a.first + at;
    Stored* const sum = a.sum == nullptr ? nullptr : (Stored*)a.sum + at;
    // Two sums, so that one addition need not wait for the one before.
    Vec squares[2] = {L::set(0), L::set(0)};
    size_t turn = 0;
    each<L>(a.width, [&](size_t i, size_t count) {
      const auto term = [&](int k, Vec total) {
        const Vec x = L::template load<T>((const Stored*)a.x[k] + at + i, count);
        if (a.factor[k] == nullptr) return L::add(total, x);
        return L::madd(x, L::template load<F32>(a.factor[k] + i, count), total);
      };
      Vec total = L::set(0);
      for (int k = 0; k < a.first_terms; k++) total = term(k, total);
      if (first != nullptr) L::template store<T>(first + i, total, count);
      if (a.first_terms > 0 && a.carry != nullptr) {
        total = L::mul(total, L::template load<F32>(a.carry + i, count));
      }
      for (int k = a.first_terms; k < a.terms; k++) total = term(k, total);
      if (sum != nullptr) L::template store<T>(sum + i, total, count);
      if (a.norm == nullptr) return;
      L::template store<F32>(row.data() + i, total, count);
      squares[turn] = L::madd(total, total, squares[turn]);
      turn ^= 1;
    });
    if (a.norm == nullptr) continue;
    const float mean = L::sum(L::add(squares[0], squares[1])) / (float)a.width;
    const Vec scale = L::set(inverse_root(mean + a.epsilon));
    Stored* const norm = (Stored*)a.norm + at;
    each<L>(a.width, [&](size_t i, size_t count) {
      Vec x = L::mul(L::template load<F32>(row.data() + i, count), scale);
      if (a.gain != nullptr) x = L::mul(x, L::template load<F32>(a.gain + i, count));
      L::template store<T>(norm + i, x, count);
    });
  }
}

// One head, in fp32, into `z`: with norm and gain.
template <class L, class T>
inline void norm_head(const typename T::Stored* x, size_t size, bool norm, float epsilon,
                      const float* gain, float* z) {
  using Vec = typename L::Vec;
  Vec squares = L::set(0);
  each<L>(size, [&](size_t i, size_t count) {
    const Vec v = L::template load<T>(x + i, count);
    squares = L::madd(v, v, squares);
    L::template store<F32>(z + i, v, count);
  });
  if (!norm && gain == nullptr) return;
  const Vec scale = L::set(norm ? inverse_root(L::sum(squares) / (float)size + epsilon) : 1.0f);
  each<L>(size, [&](size_t i, size_t count) {
    const Vec v = L::mul(L::template load<F32>(z + i, count), scale);
    L::template store<F32>(z + i, L::mul(v, factor_at<L>(gain, i, count)), count);
  });
}

// The first `2 * half` elements of `z` turned in pairs.
template <class L>
inline void rotate(float* z, size_t half, bool interleaved, const float* cos, const float* sin) {
  if (interleaved) {
    for (size_t j = 0; j < half; j++) {
      const float a = z[2 * j], b = z[2 * j + 1];
      z[2 * j] = a * cos[j] - b * sin[j];
      z[2 * j + 1] = a * sin[j] + b * cos[j];
    }
    return;
  }
  each<L>(half, [&](size_t j, size_t count) {
    const auto a = L::template load<F32>(z + j, count);
    const auto b = L::template load<F32>(z + half + j, count);
    const auto c = L::template load<F32>(cos + j, count);
    const auto s = L::template load<F32>(sin + j, count);
    L::template store<F32>(z + j, L::sub(L::mul(a, c), L::mul(b, s)), count);
    L::template store<F32>(z + half + j, L::madd(a, s, L::mul(b, c)), count);
  });
}

template <class L, class T>
void split_norm_rotary_rows(const bpb_split_norm_rotary& a, size_t from, size_t to) {
  using Stored = typename T::Stored;
  const size_t size = (size_t)a.head_size, half = (size_t)a.rotary_size / 2;
  const size_t heads = (size_t)(a.q_heads + a.k_heads + a.v_heads);
  std::vector<float> z(size);
  for (size_t r = from; r < to; r++) {
    const size_t position = (a.positions != nullptr ? (size_t)a.positions[r] : r) % a.time;
    const float* const cos = half > 0 ? a.cos + position * half : nullptr;
    const float* const sin = half > 0 ? a.sin + position * half : nullptr;
    const Stored* x = (const Stored*)a.x + r * heads * size;
    const auto turn = [&](int count, bool norm, const float* gain, void* out) {
      Stored* y = (Stored*)out + r * (size_t)count * size;
      for (int head = 0; head < count; head++, x += size, y += size) {
        const float* own = gain == nullptr ? nullptr : gain + (size_t)head * size;
        norm_head<L, T>(x, size, norm, a.epsilon, own, z.data());
        if (half > 0) rotate<L>(z.data(), half, a.interleaved != 0, cos, sin);
        each<L>(size, [&](size_t i, size_t n) {
          L::template store<T>(y + i, L::template load<F32>(z.data() + i, n), n);
        });
      }
    };
    if (a.q_heads > 0) turn(a.q_heads, a.q_norm != 0, a.q_gain, a.q);
    if (a.k_heads > 0) turn(a.k_heads, a.k_norm != 0, a.k_gain, a.k);
    if (a.v_heads > 0) {
      const size_t width = (size_t)a.v_heads * size;
      memcpy((Stored*)a.v + r * width, x, width * sizeof(Stored));
    }
  }
}

template <class L, class T>
void squared_relu_range(const bpb_squared_relu& a, size_t from, size_t to) {
  using Stored = typename T::Stored;
  const Stored* x = (const Stored*)a.x + from;
  Stored* y = (Stored*)a.y + from;
  const auto slope = L::set(a.slope);
  const bool leaks = a.slope > 0;
  each<L>(to - from, [&](size_t i, size_t count) {
    const auto v = L::template load<T>(x + i, count);
    // 0 times -inf is no number.
    const auto z = L::max(leaks ? L::mul(v, slope) : L::set(0), v);
    L::template store<T>(y + i, L::mul(z, z), count);
  });
}

template <class L, class T>
void swiglu_rows(const bpb_swiglu& a, size_t from, size_t to) {
  using Stored = typename T::Stored;
  const auto one = L::set(1);
  for (size_t r = from; r < to; r++) {
    const Stored* gate = (const Stored*)a.gate + r * a.gate_stride;
    const Stored* up = (const Stored*)a.up + r * a.up_stride;
    Stored* y = (Stored*)a.y + r * a.width;
    each<L>(a.width, [&](size_t i, size_t count) {
      const auto g = L::template load<T>(gate + i, count);
      // exp of what is not positive: no overflow on either side of zero.
      const auto e = exp_nonpositive<L>(L::sub(L::set(0), L::abs(g)));
      const auto sigmoid = L::div(L::where_negative(g, e, one), L::add(one, e));
      const auto u = L::template load<T>(up + i, count);
      L::template store<T>(y + i, L::mul(L::mul(g, sigmoid), u), count);
    });
  }
}

}  // namespace

// Defines the four kernels of one instruction set, under the names of kernels_isa.h.
#define BPB_ELEMENTWISE_KERNEL(isa, L, name, arguments, rows)     \
  void name##_##isa(const arguments& a, size_t from, size_t to) { \
    if (a.type == BPB_FP32) return rows<L, F32>(a, from, to);     \
    if (a.type == BPB_FP16) return rows<L, F16>(a, from, to);     \
    rows<L, BF16>(a, from, to);                                   \
  }
#define BPB_ELEMENTWISE_KERNELS(isa, L)                                                            \
  BPB_ELEMENTWISE_KERNEL(isa, L, sum_norm, bpb_sum_norm, sum_norm_rows)                            \
  BPB_ELEMENTWISE_KERNEL(isa, L, split_norm_rotary, bpb_split_norm_rotary, split_norm_rotary_rows) \
  BPB_ELEMENTWISE_KERNEL(isa, L, squared_relu, bpb_squared_relu, squared_relu_range)               \
  BPB_ELEMENTWISE_KERNEL(isa, L, swiglu, bpb_swiglu, swiglu_rows)

#endif  // BPB_OPERATORS_CPU_ELEMENTWISE_H_
