// Causal attention for one instruction set: avx512.
#include "../../lanes/avx512.h"
#include "attention.h"
#include "kernels_isa.h"

namespace bpb {
namespace cpu {

BPB_ATTENTION_KERNELS(avx512, Avx512)

}  // namespace cpu
}  // namespace bpb
