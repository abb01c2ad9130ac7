// fp32 values as sums of three bf16 numbers, and products of tiles of them on AMX.
//
// part0 = bf16(v), part1 = bf16(v - part0), part2 = v - part0 - part1, each rounded to nearest even: 8 bits each,
// so the sum is v itself. Of the nine products of parts the three smallest are left out; together they are below
// 2^-24 of the product (Henry, Tang and Heinecke 2019, arXiv:1904.06376).
#ifndef BPB_OPERATORS_CPU_AMX_PARTS_H_
#define BPB_OPERATORS_CPU_AMX_PARTS_H_

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Internal linkage: the including files are compiled for this instruction set alone.
namespace {

constexpr size_t kTileRows = 16;       // rows of a left tile, columns of a right one
constexpr size_t kTileInner = 32;      // bf16 elements that one instruction sums over
constexpr size_t kTileBytes = 1024;    // of a tile
constexpr size_t kTileElements = 512;  // bf16 elements of a tile
constexpr size_t kParts = 3;

// Eight tiles of 16 rows of 64 bytes. A thread that configured its tiles must release them.
struct Tiles {
  Tiles() {
    struct {
      uint8_t palette, start, reserved[14];
      uint16_t row_bytes[16];
      uint8_t rows[16];
    } config;
    static_assert(sizeof(config) == 64, "the layout that the instruction reads");
    memset(&config, 0, sizeof config);
    config.palette = 1;
    for (int tile = 0; tile < 8; tile++) {
      config.row_bytes[tile] = 64;
      config.rows[tile] = kTileRows;
    }
    _tile_loadconfig(&config);
  }
  ~Tiles() { _tile_release(); }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;
};

// The lower or upper 16 of 32 bf16 elements in fp32.
inline __m512 widened(__m256i halves) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

// The parts of 32 values, `low` the first 16 of them.
inline void split(__m512 low, __m512 high, __m512i parts[kParts]) {
  for (size_t part = 0; part < kParts; part++) {
    parts[part] = (__m512i)_mm512_cvtne2ps_pbh(high, low);
    if (part + 1 == kParts) break;
    low = _mm512_sub_ps(low, widened(_mm512_castsi512_si256(parts[part])));
    high = _mm512_sub_ps(high, widened(_mm512_extracti64x4_epi64(parts[part], 1)));
  }
}

// Tiles 0 to 3, two by two, or 0 and 1 for one row of tiles: sums += left * right over `blocks` of kTileInner.
// Left tiles are [blocks, kParts] for each row of tiles, `next_row` elements apart; right ones
// [blocks, kParts, 2], each of kTileElements. The products of smaller parts are all added first: their sum is
// small, and its roundings with it.
template <int kRowsOfTiles>
inline void multiply_parts(const uint16_t* left, size_t next_row, const uint16_t* right,
                           size_t blocks) {
  constexpr size_t kLeftStep = kParts * kTileElements, kRightStep = 2 * kLeftStep;
  const auto load_left = [&](size_t block, size_t part) {
    const uint16_t* const tile = left + block * kLeftStep + part * kTileElements;
    _tile_loadd(4, tile, 64);
    if (kRowsOfTiles == 2) _tile_loadd(5, tile + next_row, 64);
  };
  const auto load_right = [&](size_t block, size_t part) {
    const uint16_t* const tile = right + block * kRightStep + part * 2 * kTileElements;
    _tile_loadd(6, tile, 64);
    _tile_loadd(7, tile + kTileElements, 64);
  };
  const auto multiply = [] {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if (kRowsOfTiles == 2) {
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  };
  for (size_t block = 0; block < blocks; block++) {
    load_left(block, 2);
    load_right(block, 0);
    multiply();
    load_left(block, 1);
    multiply();
    load_right(block, 1);
    multiply();
    load_left(block, 0);
    multiply();
    load_right(block, 2);
    multiply();
  }
  for (size_t block = 0; block < blocks; block++) {
    load_left(block, 0);
    load_right(block, 0);
    multiply();
  }
}

}  // namespace

#endif  // BPB_OPERATORS_CPU_AMX_PARTS_H_
