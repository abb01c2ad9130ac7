// Causal attention for one instruction set: avx512.
#include "attention.h"
#include "kernels_isa.h"
#include "lanes_avx512.h"

namespace bpb {
namespace cpu {

BPB_ATTENTION_KERNELS(avx512, Avx512)

}  // namespace cpu
}  // namespace bpb
