// Causal attention for one instruction set: avx2.
#include "../../lanes/avx2.h"
#include "attention.h"
#include "kernels_isa.h"

namespace bpb {
namespace cpu {

BPB_ATTENTION_KERNELS(avx2, Avx2)

}  // namespace cpu
}  // namespace bpb
