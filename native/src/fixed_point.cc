// Fixed-point sums of nats.
#include "fixed_point.h"

#include <math.h>

namespace bpb {

bool to_q30(float value, int64_t* q30) {
  // Exact: a float times a power of two is a double. nearbyint rounds ties to even.
  const double scaled = nearbyint((double)value * 0x1p30);
  if (!(scaled >= -0x1p63 && scaled < 0x1p63)) return false;
  *q30 = (int64_t)scaled;
  return true;
}

int64_t sum_spans(const float* nats, const uint32_t* ends, size_t spans, int64_t* totals,
                  uint64_t* infinite) {
  uint32_t k = 0;
  *infinite = 0;
  for (size_t s = 0; s < spans; s++) {
    int64_t total = 0;
    for (; k < ends[s]; k++) {
      if (nats[k] == INFINITY) {
        ++*infinite;
        continue;
      }
      int64_t q30;
      if (!to_q30(nats[k], &q30) || __builtin_add_overflow(total, q30, &total)) return k;
    }
    totals[s] = total;
  }
  return -1;
}

}  // namespace bpb
