// The kernels of the three instruction sets; kernels.cc chooses among them.
#ifndef BPB_OPERATORS_CPU_KERNELS_ISA_H_
#define BPB_OPERATORS_CPU_KERNELS_ISA_H_

#include "attention_plan.h"

namespace bpb {
namespace cpu {

#define BPB_KERNELS_OF(isa)                                                                     \
  void sum_norm_##isa(const bpb_sum_norm& arguments, size_t from, size_t to);                   \
  void split_norm_rotary_##isa(const bpb_split_norm_rotary& arguments, size_t from, size_t to); \
  void squared_relu_##isa(const bpb_squared_relu& arguments, size_t from, size_t to);           \
  void swiglu_##isa(const bpb_swiglu& arguments, size_t from, size_t to);                       \
  size_t attention_lanes_##isa();                                                               \
  void attention_tile_##isa(const AttentionPlan& plan, const AttentionTile& tile, size_t head,  \
                            const AttentionKeys& keys);

BPB_KERNELS_OF(portable)
#ifdef BPB_X86
BPB_KERNELS_OF(avx2)
BPB_KERNELS_OF(avx512)
#endif

#undef BPB_KERNELS_OF

}  // namespace cpu
}  // namespace bpb

#endif  // BPB_OPERATORS_CPU_KERNELS_ISA_H_
