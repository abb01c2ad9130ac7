// Products with constant weights on AMX: operators.h says what is computed and how near.
#include <math.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "amx_parts.h"
#include "product.h"

namespace bpb {
namespace cpu {

namespace {

constexpr size_t kColumns = 2 * kTileRows;  // of the weights' panels: two tiles side by side
constexpr size_t kRows = 2 * kTileRows;     // of x that one walk along a panel takes

size_t rounded_up(size_t value, size_t to) { return (value + to - 1) / to * to; }
size_t blocks_of(size_t inner) { return (inner + kTileInner - 1) / kTileInner; }

// bf16 elements of a panel of weights, and of a row of tiles of x.
size_t panel_elements(size_t inner) { return blocks_of(inner) * kParts * 2 * kTileElements; }
size_t left_elements(size_t inner) { return blocks_of(inner) * kParts * kTileElements; }

void* aligned(size_t bytes) {
  void* memory = std::aligned_alloc(64, rounded_up(std::max<size_t>(1, bytes), 64));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// Memory of a thread that stays for its next product.
uint16_t* scratch(size_t elements) {
  struct Buffer {
    uint16_t* data = nullptr;
    size_t elements = 0;
    ~Buffer() { std::free(data); }
  };
  thread_local Buffer buffer;
  if (buffer.elements < elements) {
    std::free(buffer.data);
    buffer = {nullptr, 0};
    buffer.data = static_cast<uint16_t*>(aligned(elements * sizeof(uint16_t)));
    buffer.elements = elements;
  }
  return buffer.data;
}

__mmask16 first(size_t count) {
  return count >= 16 ? (__mmask16)0xFFFF : (__mmask16)((1u << count) - 1);
}

// `values` from `k` on, up to `size`; zeros beyond.
__m512 load(const float* values, size_t k, size_t size) {
  return k >= size ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(first(size - k), values + k);
}

float scale_of(const bpb_product& a, const float* row) {
  __m512 squares[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
  for (size_t k = 0; k < a.inner; k += 32) {
    for (size_t half = 0; half < 2; half++) {
      const __m512 v = load(row, k + 16 * half, a.inner);
      squares[half] = _mm512_fmadd_ps(v, v, squares[half]);
    }
  }
  const float sum = _mm512_reduce_add_ps(_mm512_add_ps(squares[0], squares[1]));
  return 1 / sqrtf(sum / (float)a.inner + a.epsilon);
}

// Rows `from` to `to` of x, normed and in parts, as rows of tiles [blocks, kParts] filled up with zeros.
void convert(const bpb_product& a, size_t from, size_t to, uint16_t* tiles) {
  const size_t blocks = blocks_of(a.inner), next = left_elements(a.inner);
  for (size_t r = 0; r < rounded_up(to - from, kTileRows); r++) {
    uint16_t* out = tiles + r / kTileRows * next + r % kTileRows * kTileInner;
    const float* const row = from + r < to ? a.x + (from + r) * a.inner : nullptr;
    const __m512 scale = _mm512_set1_ps(row != nullptr && a.norm ? scale_of(a, row) : 1);
    for (size_t block = 0; block < blocks; block++, out += kParts * kTileElements) {
      __m512 values[2];
      for (size_t half = 0; half < 2; half++) {
        const size_t k = block * kTileInner + 16 * half;
        __m512 v = row == nullptr ? _mm512_setzero_ps() : load(row, k, a.inner);
        if (a.norm) {
          v = _mm512_mul_ps(v, scale);
          if (a.gain != nullptr) v = _mm512_mul_ps(v, load(a.gain, k, a.inner));
        }
        values[half] = v;
      }
      __m512i parts[kParts];
      split(values[0], values[1], parts);
      for (size_t part = 0; part < kParts; part++) {
        _mm512_store_si512(out + part * kTileElements, parts[part]);
      }
    }
  }
}

// What follows the product, for one row of sums and its `count` columns from `column` on.
void finish(const bpb_product& a, const float* sums, size_t row, size_t column, size_t count) {
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 mask = first(count - i);
    const size_t c = column + i, at = row * a.width + c;
    const auto of = [&](const float* values) { return _mm512_maskz_loadu_ps(mask, values); };
    __m512 v = _mm512_load_ps(sums + i);
    if (a.bias != nullptr) v = _mm512_add_ps(v, of(a.bias + c));
    if (a.squared_relu) {
      // The second operand is the result where one is NaN.
      v = _mm512_max_ps(_mm512_mul_ps(v, _mm512_set1_ps(a.slope)), v);
      v = _mm512_mul_ps(v, v);
    }
    if (a.factor != nullptr) v = _mm512_mul_ps(v, of(a.factor + c));
    for (int t = 0; t < BPB_PRODUCT_TERMS; t++) {
      if (a.added[t] == nullptr) continue;
      const __m512 term = of(a.added[t] + at);
      if (a.added_factor[t] == nullptr)
        v = _mm512_add_ps(v, term);
      else
        v = _mm512_fmadd_ps(term, of(a.added_factor[t] + c), v);
    }
    _mm512_mask_storeu_ps(a.y + at, mask, v);
  }
}

// How a product is divided: into blocks of rows, whose parts stay in the second cache, and where these are few
// into groups of panels too.
struct Division {
  size_t rows;    // of a block
  size_t blocks;  // of rows
  size_t panels;  // of a group
  size_t groups;
};

Division division_of(const bpb_product& a) {
  constexpr size_t kCache = 768 << 10, kMostRows = 256, kWanted = 8, kFewestPanels = 4;
  const size_t row_bytes = std::max<size_t>(1, left_elements(a.inner) * 2 / kTileRows);
  const size_t most = std::min(std::max(kCache / row_bytes / kRows, size_t{1}) * kRows, kMostRows);
  const size_t few = (a.rows + most - 1) / most;
  Division d;
  d.rows = rounded_up((a.rows + few - 1) / few, kRows);
  d.blocks = (a.rows + d.rows - 1) / d.rows;
  const size_t panels = (a.width + kColumns - 1) / kColumns;
  const size_t wanted = std::max<size_t>(1, kWanted / d.blocks);
  d.panels = std::max((panels + wanted - 1) / wanted, kFewestPanels);
  d.groups = (panels + d.panels - 1) / d.panels;
  return d;
}

// One walk along a panel for up to kRows rows, into sums [kRows, kColumns].
void multiply(const uint16_t* left, size_t next, const uint16_t* panel, size_t blocks, size_t rows,
              float* sums) {
  constexpr size_t kStride = kColumns * sizeof(float);
  _tile_zero(0);
  _tile_zero(1);
  if (rows <= kTileRows) {
    multiply_parts<1>(left, next, panel, blocks);
  } else {
    _tile_zero(2);
    _tile_zero(3);
    multiply_parts<2>(left, next, panel, blocks);
    _tile_stored(2, sums + kTileRows * kColumns, kStride);
    _tile_stored(3, sums + kTileRows * kColumns + kTileRows, kStride);
  }
  _tile_stored(0, sums, kStride);
  _tile_stored(1, sums + kTileRows, kStride);
}

}  // namespace

void FreeWeights::operator()(void* weights) const { std::free(weights); }

Weights product_weights(const float* weights, size_t inner, size_t width, bool transposed) {
  const size_t panels = (width + kColumns - 1) / kColumns, blocks = blocks_of(inner);
  Weights packed(aligned(panels * panel_elements(inner) * sizeof(uint16_t)));
  uint16_t* out = static_cast<uint16_t*>(packed.get());
  const auto at = [&](size_t k, size_t n) {
    if (k >= inner || n >= width) return 0.0f;
    return transposed ? weights[n * inner + k] : weights[k * width + n];
  };
  // A right tile has 16 rows of two k's for each of 16 columns.
  for (size_t panel = 0; panel < panels; panel++) {
    for (size_t block = 0; block < blocks; block++, out += kParts * 2 * kTileElements) {
      for (size_t half = 0; half < 2; half++) {
        for (size_t pair = 0; pair < kTileInner / 2; pair++) {
          alignas(64) float values[32];
          for (size_t i = 0; i < 32; i++) {
            const size_t k = block * kTileInner + 2 * pair + i % 2;
            values[i] = at(k, panel * kColumns + half * kTileRows + i / 2);
          }
          __m512i parts[kParts];
          split(_mm512_load_ps(values), _mm512_load_ps(values + 16), parts);
          for (size_t part = 0; part < kParts; part++) {
            uint16_t* const row = out + (part * 2 + half) * kTileElements + pair * 32;
            _mm512_store_si512(row, parts[part]);
          }
        }
      }
    }
  }
  return packed;
}

size_t product_pieces(const bpb_product& a) {
  if (a.rows == 0 || a.width == 0) return 0;
  const Division d = division_of(a);
  return d.blocks * d.groups;
}

void product(const bpb_product& a, size_t from, size_t to) {
  if (from >= to) return;
  const Division d = division_of(a);
  const size_t blocks = blocks_of(a.inner), next = left_elements(a.inner);
  const size_t panels = (a.width + kColumns - 1) / kColumns;
  uint16_t* const tiles = scratch(d.rows / kTileRows * next);
  alignas(64) float sums[kRows * kColumns];
  const Tiles configured;
  size_t converted = SIZE_MAX;
  for (size_t piece = from; piece < to; piece++) {
    const size_t block = piece / d.groups, group = piece % d.groups;
    const size_t begin = block * d.rows, end = std::min(a.rows, begin + d.rows);
    if (converted != block) convert(a, begin, end, tiles);
    converted = block;
    const size_t last = std::min(panels, (group + 1) * d.panels);
    for (size_t p = group * d.panels; p < last; p++) {
      const uint16_t* const panel =
          static_cast<const uint16_t*>(a.weights) + p * panel_elements(a.inner);
      const size_t column = p * kColumns, columns = std::min(kColumns, a.width - column);
      for (size_t row = begin; row < end; row += kRows) {
        const size_t rows = std::min(kRows, end - row);
        multiply(tiles + (row - begin) / kTileRows * next, next, panel, blocks, rows, sums);
        for (size_t r = 0; r < rows; r++) finish(a, sums + r * kColumns, row + r, column, columns);
      }
    }
  }
}

}  // namespace cpu
}  // namespace bpb
