// Small products in registers: a tile of C = A B, or C += A B, in fp32.
#ifndef BPB_OPERATORS_CPU_MULTIPLY_H_
#define BPB_OPERATORS_CPU_MULTIPLY_H_

#include "lanes.h"

namespace {

// Tiles of the lanes `L` are at most kRows x kVectors vectors: as many sums as registers hold beside a row of B.
template <class L>
struct Tile {
  static constexpr int kVectors = L::W == 16 ? 4 : 2;
  static constexpr int kRows = L::W == 4 ? 4 : 6;
};

// Every sum is one chain over `depth` in ascending order, so that its bits do not depend on the tile it is in.
template <class L, int rows, int vectors, bool add>
inline void multiply_tile(const float* a, size_t a_stride, const float* b, size_t b_stride,
                          size_t depth, float* c, size_t c_stride) {
  typename L::Vec sums[rows][vectors];
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      sums[r][v] = add ? L::template load<F32>(c + r * c_stride + v * L::W) : L::set(0);
    }
  }
  for (size_t k = 0; k < depth; k++, b += b_stride) {
    typename L::Vec row[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) row[v] = L::template load<F32>(b + v * L::W);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
      const auto x = L::set(a[r * a_stride + k]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) sums[r][v] = L::madd(x, row[v], sums[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      L::template store<F32>(c + r * c_stride + v * L::W, sums[r][v]);
    }
  }
}

template <class L, int vectors, bool add>
inline void multiply_rows(int rows, const float* a, size_t a_stride, const float* b,
                          size_t b_stride, size_t depth, float* c, size_t c_stride) {
  static_assert(Tile<L>::kRows <= 6, "a case for each number of rows");
  switch (rows) {
#define BPB_CASE(n)                                                                           \
  case n:                                                                                     \
    if constexpr (n <= Tile<L>::kRows) {                                                      \
      return multiply_tile<L, n, vectors, add>(a, a_stride, b, b_stride, depth, c, c_stride); \
    }                                                                                         \
    break;
    BPB_CASE(1)
    BPB_CASE(2)
    BPB_CASE(3)
    BPB_CASE(4)
    BPB_CASE(5)
    BPB_CASE(6)
#undef BPB_CASE
  }
}

// A tile of any size up to the largest.
template <class L, bool add>
inline void multiply(int rows, int vectors, const float* a, size_t a_stride, const float* b,
                     size_t b_stride, size_t depth, float* c, size_t c_stride) {
  switch (vectors) {
#define BPB_CASE(n)                                                                        \
  case n:                                                                                  \
    if constexpr (n <= Tile<L>::kVectors) {                                                \
      return multiply_rows<L, n, add>(rows, a, a_stride, b, b_stride, depth, c, c_stride); \
    }                                                                                      \
    break;
    BPB_CASE(1)
    BPB_CASE(2)
    BPB_CASE(3)
    BPB_CASE(4)
#undef BPB_CASE
  }
}

}  // namespace

#endif  // BPB_OPERATORS_CPU_MULTIPLY_H_
