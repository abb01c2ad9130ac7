// The entry points of the three instruction sets; nll.cc chooses among them.
#ifndef BPB_NLL_ISA_H_
#define BPB_NLL_ISA_H_

#include "nll.h"

namespace bpb {

void nll_portable(const bpb_logits& logits, const bpb_targets& targets, float* nats);
uint64_t read_portable(const void* data, size_t bytes);

#ifdef BPB_X86
void nll_avx2(const bpb_logits& logits, const bpb_targets& targets, float* nats);
void nll_avx512(const bpb_logits& logits, const bpb_targets& targets, float* nats);
uint64_t read_avx2(const void* data, size_t bytes);
uint64_t read_avx512(const void* data, size_t bytes);
#endif

}  // namespace bpb

#endif  // BPB_NLL_ISA_H_
