// Sums of nats in fixed point: int64 multiples of 2^-30, equal to the last bit in any order.
#ifndef BPB_FIXED_POINT_H_
#define BPB_FIXED_POINT_H_

#include <stddef.h>
#include <stdint.h>

namespace bpb {

// `value` nats as the nearest multiple of 2^-30, ties to even. False when it does not fit, or is
// not finite.
bool to_q30(float value, int64_t* q30);

// Adds `nats[ends[s-1] .. ends[s])` into `totals[s]` for every span; +inf is counted in
// `infinite` and adds 0. Returns the index of the target whose addition leaves int64, or -1.
// The caller has refused NaN.
int64_t sum_spans(const float* nats, const uint32_t* ends, size_t spans, int64_t* totals,
                  uint64_t* infinite);

}  // namespace bpb

#endif  // BPB_FIXED_POINT_H_
