// Kernels of SplitNormRotary: a few lanes a head, with the head in registers, and heads of any size and place.
#ifndef BPB_CUDA_OPERATORS_SPLIT_NORM_ROTARY_CUH_
#define BPB_CUDA_OPERATORS_SPLIT_NORM_ROTARY_CUH_

#include "piece.cuh"
#include "split_norm_rotary.h"

namespace bpb {
namespace cuda {

// One head of one row, as a group of lanes finds it.
struct Head {
  bool here;
  const char* from;
  char* to;
  const float* gain;  // of this head, or null
  uint32_t row;
  bool norm, turn;

  template <class T>
  __device__ __forceinline__ static Head find(const SplitNormRotary& q, uint32_t index) {
    const uint32_t row = q.heads.quotient(index), head = index - row * q.heads.divisor;
    const int which = (head >= q.part[1].before) + (head >= q.part[2].before);
    // Selected, not indexed: an index into the arguments would be a copy of them in local memory.
    const Heads& part = which == 0 ? q.part[0] : which == 1 ? q.part[1] : q.part[2];
    const uint32_t within = head - part.before;
    Head found = {};
    found.here = row < q.rows;
    found.from = q.x + (size_t)index * q.head_size * T::kSize;
    found.to = part.to + ((size_t)row * part.count + within) * q.head_size * T::kSize;
    found.gain = part.gain ? part.gain + (size_t)within * q.head_size : nullptr;
    found.norm = part.norm;
    found.turn = part.turn && found.here;
    found.row = row;
    return found;
  }

  // Where its position's pairs begin in cos and sin.
  __device__ __forceinline__ size_t table(const SplitNormRotary& q) const {
    return (size_t)position(q, row) * q.pairs;
  }

  __device__ __forceinline__ static uint32_t position(const SplitNormRotary& q, uint32_t row) {
    if (!q.positions) return q.time.rest(row);
    const uint64_t at = (uint64_t)__ldg((const long long*)q.positions + row);
    return at >> 31 ? (uint32_t)(at % q.time.divisor) : q.time.rest((uint32_t)at);
  }
};

// 5 blocks a multiprocessor: 40 KiB of loads in flight.
template <class T, bool kInterleaved>
__global__ void __launch_bounds__(kBlock, 5)
    split_norm_rotary_kernel(const __grid_constant__ SplitNormRotary q) {
  constexpr int kCount = T::kPerVector;
  const uint32_t index = blockIdx.x * (kBlock >> q.lane_bits) + (threadIdx.x >> q.lane_bits);
  const Head head = Head::find<T>(q, index);
  const Share at =
      share_of(threadIdx.x & (q.lanes - 1), q.head_size, q.pairs, kInterleaved, kCount);
  const bool here[2] = {head.here && at.a < q.head_size, head.here && at.b < q.head_size};
  Piece<T, kCount> a, b;
  a.load(head.from + at.a * T::kSize, here[0]);
  b.load(head.from + at.b * T::kSize, here[1]);

  float x[kCount], y[kCount], squares = 0;
  a.unpack(x);
  b.unpack(y);
  BPB_UNROLL
  for (int i = 0; i < kCount; ++i) squares = fmaf(y[i], y[i], fmaf(x[i], x[i], squares));
  squares = warp_sum_of(squares, q.lanes);
  if (!head.norm && !head.gain && !head.turn) {
    // A copy keeps the bits, those of a NaN too.
    a.store(head.to + at.a * T::kSize, here[0]);
    b.store(head.to + at.b * T::kSize, here[1]);
    return;
  }
  if (head.norm) {
    const float inverse = inverse_rms(squares, q.inverse_size, q.epsilon);
    BPB_UNROLL
    for (int i = 0; i < kCount; ++i) {
      x[i] *= inverse;
      y[i] *= inverse;
    }
  }
  if (head.gain) {
    float gain[kCount];
    load_table<kCount>(head.gain, at.a, here[0], gain);
    BPB_UNROLL
    for (int i = 0; i < kCount; ++i) x[i] *= gain[i];
    load_table<kCount>(head.gain, at.b, here[1], gain);
    BPB_UNROLL
    for (int i = 0; i < kCount; ++i) y[i] *= gain[i];
  }
  const size_t table = head.turn ? head.table(q) : 0;
  if (kInterleaved && head.turn) {
    float c[kCount / 2], s[kCount / 2];
    const auto turn_within = [&](float* z, uint32_t start) {
      if (start >= 2 * q.pairs) return;
      load_table<kCount / 2>(q.cos, table + start / 2, true, c);
      load_table<kCount / 2>(q.sin, table + start / 2, true, s);
      BPB_UNROLL
      for (int i = 0; i < kCount / 2; ++i) turn(z[2 * i], z[2 * i + 1], c[i], s[i]);
    };
    turn_within(x, at.a);
    turn_within(y, at.b);
  } else if (!kInterleaved && head.turn && at.a < q.pairs) {
    // By fours: eight of each do not fit the registers.
    BPB_UNROLL
    for (int i = 0; i < kCount; i += 4) {
      float c[4], s[4];
      load_table<4>(q.cos, table + at.a + i, true, c);
      load_table<4>(q.sin, table + at.a + i, true, s);
      BPB_UNROLL
      for (int k = 0; k < 4; ++k) turn(x[i + k], y[i + k], c[k], s[k]);
    }
  }
  a.pack(x);
  b.pack(y);
  a.store(head.to + at.a * T::kSize, here[0]);
  b.store(head.to + at.b * T::kSize, here[1]);
}

// Any head size and alignment, an element at a time; read again, from the caches, for the outputs.
template <class T>
__global__ void __launch_bounds__(kBlock)
    split_norm_rotary_wide_kernel(const __grid_constant__ SplitNormRotary q) {
  const uint32_t index = blockIdx.x * (kBlock >> q.lane_bits) + (threadIdx.x >> q.lane_bits);
  const uint32_t lane = threadIdx.x & (q.lanes - 1);
  const Head head = Head::find<T>(q, index);
  const uint32_t size = head.here ? q.head_size : 0;
  float inverse = 1, squares = 0;
  for (uint32_t i = lane; i < size; i += q.lanes) {
    const float x = T::scalar(load_single<T>(head.from + i * T::kSize));
    squares = fmaf(x, x, squares);
  }
  squares = warp_sum_of(squares, q.lanes);
  if (head.norm) inverse = inverse_rms(squares, q.inverse_size, q.epsilon);
  const bool plain = !head.norm && !head.gain && !head.turn;
  const size_t table = head.turn ? head.table(q) : 0;
  const auto scaled = [&](Piece<T, 1>& piece, uint32_t i, bool here) {
    float x, gain;
    piece.load(head.from + i * T::kSize, here);
    piece.unpack(&x);
    load_table<1>(head.gain, i, here, &gain);
    return x * inverse * gain;
  };
  for (uint32_t j = lane; j < (size + 1) / 2; j += q.lanes) {
    Share at = share_of(j, q.head_size, q.pairs, q.interleaved, 1);
    if (q.interleaved) at = {2 * j, 2 * j + 1};
    Piece<T, 1> a, b;
    float x = scaled(a, at.a, at.a < size), y = scaled(b, at.b, at.b < size);
    if (head.turn && j < q.pairs) {
      turn(x, y, __ldg(q.cos + table + j), __ldg(q.sin + table + j));
    }
    if (!plain) {
      a.pack(&x);
      b.pack(&y);
    }
    a.store(head.to + at.a * T::kSize, at.a < size);
    b.store(head.to + at.b * T::kSize, at.b < size);
  }
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_OPERATORS_SPLIT_NORM_ROTARY_CUH_
