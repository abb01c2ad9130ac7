// Arguments of a launch: logits, ids and results in device memory, and the distribution of work.
#ifndef BPB_CUDA_REQUEST_H_
#define BPB_CUDA_REQUEST_H_

#include "nll_cuda.h"
#include "row.h"
#include "schedule.h"

namespace bpb {
namespace cuda {

struct Request {
  const char* logits;
  size_t row_bytes;      // from one row to the next
  const uint32_t* rows;  // null: target k is on row k
  const int32_t* targets;
  uint32_t vocab;
  uint32_t chunks;  // of the longest row, at any alignment
  Schedule schedule;
  bool aligned;  // every row is whole vectors: no head, no tail

  float* nats;
  const uint32_t* span_ends;
  uint32_t spans;
  int64_t* totals;
  bpb_cuda_flags* flags;
};

// Fills in what depends on the type and the number of lanes, and returns how many blocks to launch.
template <class T>
uint32_t complete(Request& q, int lanes, int multiprocessors) {
  uint32_t blocks;
  q.schedule = share(q.schedule.count, lanes, multiprocessors, &blocks);
  q.chunks = row_chunks<T>(q.vocab, lanes);
  q.aligned = ((uintptr_t)q.logits | q.row_bytes | q.vocab * T::kSize) % sizeof(Vector) == 0;
  return blocks;
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_REQUEST_H_
