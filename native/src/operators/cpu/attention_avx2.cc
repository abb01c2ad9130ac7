// Causal attention for one instruction set: avx2.
#include "attention.h"
#include "kernels_isa.h"
#include "lanes_avx2.h"

namespace bpb {
namespace cpu {

BPB_ATTENTION_KERNELS(avx2, Avx2)

}  // namespace cpu
}  // namespace bpb
