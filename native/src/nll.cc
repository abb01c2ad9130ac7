// Choice of the scorer's instruction set at run time.
#include "nll.h"

#include "nll_isa.h"

extern "C" bpb_isa bpb_best_isa(void) {
#ifdef BPB_X86
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
    return BPB_AVX512;
  }
  // Every CPU with AVX2 and FMA has F16C; gcc 12 cannot ask for it by name.
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return BPB_AVX2;
#endif
  return BPB_PORTABLE;
}

extern "C" const char* bpb_isa_name(bpb_isa isa) {
  switch (isa) {
    case BPB_AVX512: return "avx512";
    case BPB_AVX2: return "avx2";
    case BPB_PORTABLE: break;
  }
  return "portable";
}

extern "C" size_t bpb_type_size(bpb_type type) { return type == BPB_FP32 ? 4 : 2; }

extern "C" void bpb_nll(bpb_isa isa, const bpb_logits* logits, const bpb_targets* targets,
                        float* nats) {
#ifdef BPB_X86
  if (isa == BPB_AVX512) return bpb::nll_avx512(*logits, *targets, nats);
  if (isa == BPB_AVX2) return bpb::nll_avx2(*logits, *targets, nats);
#endif
  (void)isa;
  bpb::nll_portable(*logits, *targets, nats);
}

extern "C" uint64_t bpb_read(bpb_isa isa, const void* data, size_t bytes) {
#ifdef BPB_X86
  if (isa == BPB_AVX512) return bpb::read_avx512(data, bytes);
  if (isa == BPB_AVX2) return bpb::read_avx2(data, bytes);
#endif
  (void)isa;
  return bpb::read_portable(data, bytes);
}
