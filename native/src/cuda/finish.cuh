// Finish of 32 rows at a time: nats, flags, and one addition a span into the totals.
#ifndef BPB_CUDA_FINISH_CUH_
#define BPB_CUDA_FINISH_CUH_

#include "lane.h"
#include "request.h"

namespace bpb {
namespace cuda {

constexpr uint32_t kWarp = 0xffffffffu;

__device__ __forceinline__ int64_t warp_sum(int64_t x) {
  for (int d = 16; d > 0; d /= 2) x += __shfl_xor_sync(kWarp, x, d);
  return x;
}

// Adds to a total; where that leaves int64, flags the position.
__device__ __forceinline__ void add_total(const Request& q, uint32_t span, int64_t q30,
                                          uint32_t position) {
  const int64_t before =
      (int64_t)atomicAdd((unsigned long long*)(q.totals + span), (unsigned long long)q30);
  const int64_t after = (int64_t)((uint64_t)before + (uint64_t)q30);
  if (((before ^ after) & (q30 ^ after)) < 0) {
    atomicMin((unsigned long long*)&q.flags->overflow, (unsigned long long)position);
  }
}

// Adds the warp's nats to their spans. Neighbours mostly share one, so the first few spans are
// summed across the warp, and the remaining lanes add one by one.
__device__ __forceinline__ void add_spans(const Request& q, bool counts, int64_t q30,
                                          uint32_t position) {
  const uint32_t span = counts ? span_of(q.span_ends, q.spans, position) : 0;
  // 32 of these stay within int64.
  const bool small = q30 < (int64_t)1 << 57 && q30 > -((int64_t)1 << 57);
  uint32_t waiting = __ballot_sync(kWarp, counts && small);
  for (int turn = 0; turn < 4 && waiting != 0; ++turn) {
    const int first = __ffs(waiting) - 1;
    const uint32_t shared = __shfl_sync(kWarp, span, first);
    const bool mine = counts && small && span == shared;
    const int64_t sum = warp_sum(mine ? q30 : 0);
    if ((int)(threadIdx.x % 32) == first) add_total(q, span, sum, position);
    waiting &= ~__ballot_sync(kWarp, mine);
  }
  if (counts && (!small || (waiting >> (threadIdx.x % 32) & 1))) {
    add_total(q, span, q30, position);
  }
}

// Called by a whole warp; each lane has one row, or none.
__device__ __forceinline__ void finish(const Request& q, bool here, uint32_t position, float nats) {
  if (here) q.nats[position] = nats;
  if (here && nats != nats) {
    atomicMin((unsigned long long*)&q.flags->refused, (unsigned long long)position);
  }
  const uint32_t infinite = __ballot_sync(kWarp, here && nats == INFINITY);
  if (infinite != 0 && threadIdx.x % 32 == 0) {
    atomicAdd((unsigned long long*)&q.flags->infinite, (unsigned long long)__popc(infinite));
  }
  if (q.spans == 0) return;
  int64_t q30 = 0;
  const bool counts = here && nearest_q30(nats, &q30);
  if (here && !counts && nats < INFINITY) {
    atomicMin((unsigned long long*)&q.flags->overflow, (unsigned long long)position);
  }
  add_spans(q, counts, q30, position);
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_FINISH_CUH_
