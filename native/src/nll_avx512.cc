// The scorer for one instruction set: avx512.
#include "lanes/avx512.h"
#include "nll_isa.h"
#include "nll_kernel.h"

namespace bpb {

void nll_avx512(const bpb_logits& logits, const bpb_targets& targets, float* nats) {
  score<Avx512>(logits, targets, nats);
}

uint64_t read_avx512(const void* data, size_t bytes) {
  const char* p = (const char*)data;
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
  for (size_t i = 0; i + 256 <= bytes; i += 256, p += 256) {
    a = _mm512_xor_si512(a, _mm512_loadu_si512(p));
    b = _mm512_xor_si512(b, _mm512_loadu_si512(p + 64));
    c = _mm512_xor_si512(c, _mm512_loadu_si512(p + 128));
    d = _mm512_xor_si512(d, _mm512_loadu_si512(p + 192));
  }
  a = _mm512_xor_si512(_mm512_xor_si512(a, b), _mm512_xor_si512(c, d));
  return (uint64_t)_mm512_reduce_or_epi64(a);
}

}  // namespace bpb
