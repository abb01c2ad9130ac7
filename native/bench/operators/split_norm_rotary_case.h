// Cases of SplitNormRotary, and its result in float64.
#ifndef BPB_BENCH_OPERATORS_SPLIT_NORM_ROTARY_CASE_H_
#define BPB_BENCH_OPERATORS_SPLIT_NORM_ROTARY_CASE_H_

#include "call.h"

namespace bench {

struct RotaryCase {
  bpb_type type;
  size_t rows, time;
  int q_heads, k_heads, v_heads, head_size, rotary_size;
  bool interleaved, norm, gain, positions;
};

// One head in float64: what it is, and what may be off. `t` is its position.
struct HeadReference {
  std::vector<double> value, error;

  HeadReference(const bpb_split_norm_rotary& a, const Tensor& x, size_t at, const float* gain,
                bool norm, bool turned, size_t t)
      : value((size_t)a.head_size), error((size_t)a.head_size) {
    const size_t size = (size_t)a.head_size;
    double squares = 0;
    for (size_t i = 0; i < size; ++i) {
      value[i] = x.at(at + i);
      squares += value[i] * value[i];
    }
    const double mean = squares / (double)size;
    const double inverse = !norm ? 1 : squares <= FLT_MAX ? 1 / sqrt(mean + a.epsilon) : NAN;
    for (size_t i = 0; i < size; ++i) {
      value[i] = in_range(value[i] * inverse * (gain ? gain[i] : 1));
      error[i] = norm || gain ? 20 * kUnit * fabs(value[i]) + 1e-44 : 0;
    }
    if (!turned) return;
    const size_t half = (size_t)a.rotary_size / 2;
    for (size_t j = 0; j < half; ++j) {
      const size_t p = a.interleaved ? 2 * j : j, q = a.interleaved ? 2 * j + 1 : j + half;
      const double c = a.cos[t * half + j], s = a.sin[t * half + j];
      const double u = value[p], v = value[q];
      const double errors = error[p] + error[q] + 3 * kUnit * (fabs(u) + fabs(v)) + 1e-44;
      value[p] = in_range(u * c - in_range(v * s));
      value[q] = in_range(u * s + in_range(v * c));
      error[p] = error[q] = errors;
    }
  }
};

inline std::string wrong_rotary(const bpb_split_norm_rotary& a, const Tensor& x,
                                const Tensor* const out[3]) {
  Verdict verdict;
  const int counts[3] = {a.q_heads, a.k_heads, a.v_heads};
  const float* const gains[3] = {a.q_gain, a.k_gain, nullptr};
  const bool norms[3] = {a.q_norm != 0, a.k_norm != 0, false};
  const char* const names[3] = {"q", "k", "v"};
  const size_t size = (size_t)a.head_size;
  size_t at = 0;
  for (size_t row = 0; row < a.rows; ++row) {
    const size_t index = a.positions ? (size_t)a.positions[row] : row;
    for (int part = 0; part < 3; ++part) {
      for (int head = 0; head < counts[part]; ++head, at += size) {
        const float* gain = gains[part] ? gains[part] + (size_t)head * size : nullptr;
        const HeadReference want(a, x, at, gain, norms[part], part < 2 && a.rotary_size > 0,
                                 a.time > 0 ? index % a.time : 0);
        for (size_t i = 0; i < size; ++i) {
          verdict.add(names[part], *out[part],
                      (row * (size_t)counts[part] + (size_t)head) * size + i, want.value[i],
                      want.error[i]);
        }
      }
    }
  }
  return verdict.wrong;
}

inline Call<bpb_split_norm_rotary> make_call(const RotaryCase& c, const Place& place) {
  Call<bpb_split_norm_rotary> call;
  call.place = place;
  call.random = {place.seed};
  bpb_split_norm_rotary& a = call.arguments;
  a.type = c.type;
  a.rows = c.rows;
  a.time = c.time;
  a.q_heads = c.q_heads;
  a.k_heads = c.k_heads;
  a.v_heads = c.v_heads;
  a.head_size = c.head_size;
  a.rotary_size = c.rotary_size;
  a.interleaved = c.interleaved;
  a.q_norm = a.k_norm = c.norm;
  a.epsilon = 1e-6f;
  const size_t size = (size_t)c.head_size, half = (size_t)c.rotary_size / 2;
  const size_t heads[3] = {(size_t)c.q_heads, (size_t)c.k_heads, (size_t)c.v_heads};
  const Tensor* x = &call.input(c.type, c.rows * (heads[0] + heads[1] + heads[2]) * size);
  a.x = x->data();
  if (half > 0) {
    Tensor &cosines = call.add(BPB_FP32, c.time * half), &sines = call.add(BPB_FP32, c.time * half);
    for (size_t i = 0; i < c.time * half; ++i) {
      const double angle = 6.3 * call.random.uniform();
      cosines.set(i, (float)cos(angle));
      sines.set(i, (float)sin(angle));
    }
    a.cos = (const float*)cosines.data();
    a.sin = (const float*)sines.data();
  }
  if (c.gain && c.q_heads > 0) a.q_gain = (const float*)call.table(heads[0] * size, 1, 0.5).data();
  if (c.gain && c.k_heads > 0) a.k_gain = (const float*)call.table(heads[1] * size, 1, 0.5).data();
  const Tensor* out[3] = {};
  for (int part = 0; part < 3; ++part) {
    if (heads[part] > 0) out[part] = &call.add(c.type, c.rows * heads[part] * size);
  }
  a.q = out[0] ? (void*)out[0]->data() : nullptr;
  a.k = out[1] ? (void*)out[1]->data() : nullptr;
  a.v = out[2] ? (void*)out[2]->data() : nullptr;
  for (size_t row = 0; c.positions && row < c.rows; ++row) {
    // Positions of a longer matrix, one of them beyond 32 bits.
    call.positions.push_back(row == 1 ? ((int64_t)5 << 32) + 7 : call.random.below(1 << 20));
  }
  if (c.positions) a.positions = call.positions.data();
  const bpb_split_norm_rotary host = a;
  const Tensor *q = out[0], *k = out[1], *v = out[2];
  call.wrong = [=] {
    const Tensor* const outputs[3] = {q, k, v};
    return wrong_rotary(host, *x, outputs);
  };
  return call;
}

inline std::vector<RotaryCase> rotary_cases(bpb_type type) {
  std::vector<RotaryCase> cases;
  for (const int size : {1, 7, 24, 32, 48, 64, 80, 96, 128, 192, 256, 520}) {
    const int even = size / 2 * 2, part = size / 4 * 2;
    for (const bool interleaved : {false, true}) {
      cases.push_back({type, 7, 5, 3, 2, 1, size, even, interleaved, true, true, false});
      cases.push_back({type, 5, 9, 2, 1, 1, size, part, interleaved, true, false, true});
    }
    cases.push_back({type, 3, 4, 1, 1, 1, size, even, false, false, false, false});
    cases.push_back({type, 3, 4, 1, 2, 0, size, 0, false, true, true, false});
  }
  // Numbers of heads, parts that are not there, nothing but a split.
  for (const int heads : {1, 4, 9, 64}) {
    cases.push_back({type, 5, 3, heads, (heads + 1) / 2, heads, 64, 64, false, true, true, false});
  }
  cases.push_back({type, 9, 4, 0, 3, 3, 64, 32, true, true, true, false});
  cases.push_back({type, 9, 4, 5, 0, 0, 64, 16, false, true, true, true});
  cases.push_back({type, 9, 4, 0, 0, 3, 64, 64, false, true, true, false});
  cases.push_back({type, 9, 0, 2, 1, 1, 64, 0, false, false, false, false});
  return cases;
}

inline std::string name_of(const RotaryCase& c) {
  return std::to_string(c.q_heads) + "/" + std::to_string(c.k_heads) + "/" +
         std::to_string(c.v_heads) + " heads of " + std::to_string(c.head_size) + ", rotary " +
         std::to_string(c.rotary_size) + (c.interleaved ? " interleaved" : "") +
         (c.norm ? ", norm" : "") + (c.positions ? ", positions" : "");
}

}  // namespace bench

#endif  // BPB_BENCH_OPERATORS_SPLIT_NORM_ROTARY_CASE_H_
