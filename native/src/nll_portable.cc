// The scorer for one instruction set: portable.
#include "lanes/portable.h"
#include "nll_isa.h"
#include "nll_kernel.h"

namespace bpb {

void nll_portable(const bpb_logits& logits, const bpb_targets& targets, float* nats) {
  score<Portable>(logits, targets, nats);
}

uint64_t read_portable(const void* data, size_t bytes) {
  const char* p = (const char*)data;
  Portable::Int sum = {0, 0, 0, 0}, other = sum;
  for (size_t i = 0; i + 32 <= bytes; i += 32, p += 32) {
    Portable::Int a, b;
    memcpy(&a, p, 16);
    memcpy(&b, p + 16, 16);
    sum ^= a;
    other ^= b;
  }
  sum ^= other;
  return (uint32_t)(sum[0] | sum[1] | sum[2] | sum[3]);
}

}  // namespace bpb
