// The scorer for one instruction set: avx2.
#include "lanes/avx2.h"
#include "nll_isa.h"
#include "nll_kernel.h"

namespace bpb {

void nll_avx2(const bpb_logits& logits, const bpb_targets& targets, float* nats) {
  score<Avx2>(logits, targets, nats);
}

uint64_t read_avx2(const void* data, size_t bytes) {
  const char* p = (const char*)data;
  const auto at = [](const char* q) { return _mm256_loadu_si256((const __m256i*)q); };
  __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
  for (size_t i = 0; i + 128 <= bytes; i += 128, p += 128) {
    a = _mm256_xor_si256(a, at(p));
    b = _mm256_xor_si256(b, at(p + 32));
    c = _mm256_xor_si256(c, at(p + 64));
    d = _mm256_xor_si256(d, at(p + 96));
  }
  a = _mm256_xor_si256(_mm256_xor_si256(a, b), _mm256_xor_si256(c, d));
  uint64_t lanes[4];
  _mm256_storeu_si256((__m256i*)lanes, a);
  return lanes[0] | lanes[1] | lanes[2] | lanes[3];
}

}  // namespace bpb
