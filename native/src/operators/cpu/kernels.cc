// Choice of the kernels' instruction set at run time.
#include "kernels.h"

#include "kernels_isa.h"

namespace bpb {
namespace cpu {

#ifdef BPB_X86
#define BPB_CHOOSE(name)                                            \
  if (isa == BPB_AVX512) return name##_avx512(arguments, from, to); \
  if (isa == BPB_AVX2) return name##_avx2(arguments, from, to);     \
  name##_portable(arguments, from, to);
#else
#define BPB_CHOOSE(name) \
  (void)isa;             \
  name##_portable(arguments, from, to);
#endif

void sum_norm(bpb_isa isa, const bpb_sum_norm& arguments, size_t from, size_t to) {
  BPB_CHOOSE(sum_norm)
}

void split_norm_rotary(bpb_isa isa, const bpb_split_norm_rotary& arguments, size_t from,
                       size_t to) {
  BPB_CHOOSE(split_norm_rotary)
}

void squared_relu(bpb_isa isa, const bpb_squared_relu& arguments, size_t from, size_t to) {
  BPB_CHOOSE(squared_relu)
}

void swiglu(bpb_isa isa, const bpb_swiglu& arguments, size_t from, size_t to) { BPB_CHOOSE(swiglu) }

}  // namespace cpu
}  // namespace bpb
