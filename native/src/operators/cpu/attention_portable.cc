// Causal attention for one instruction set: portable.
#include "../../lanes/portable.h"
#include "attention.h"
#include "kernels_isa.h"

namespace bpb {
namespace cpu {

BPB_ATTENTION_KERNELS(portable, Portable)

}  // namespace cpu
}  // namespace bpb
