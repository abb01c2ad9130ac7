// Addresses of a row's logits for the lanes that share it.
#ifndef BPB_CUDA_ROW_H_
#define BPB_CUDA_ROW_H_

#include "elements.h"

namespace bpb {
namespace cuda {

// A row of any alignment: `head` single logits up to the first 16-byte boundary, `vectors` whole
// vectors, `tail` single logits. Head and tail are shorter than a vector, so 8 lanes suffice.
struct RowShape {
  uint32_t head, vectors, tail;
};

template <class T>
BPB_HD RowShape row_shape(uintptr_t address, uint32_t vocab) {
  RowShape row;
  row.head = (uint32_t)(-address & 15) / T::kSize;
  if (row.head > vocab) row.head = vocab;
  row.vectors = (vocab - row.head) / T::kPerVector;
  row.tail = vocab - row.head - row.vectors * T::kPerVector;
  return row;
}

// Chunks a row is read in, at any alignment: a chunk is kHeld vectors for each of `lanes` lanes.
template <class T>
BPB_HD uint32_t row_chunks(uint32_t vocab, uint32_t lanes) {
  const uint32_t vectors = vocab / T::kPerVector, chunk = lanes * kHeld;
  return vectors > chunk ? (vectors + chunk - 1) / chunk : 1;
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_ROW_H_
