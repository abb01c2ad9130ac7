// Causal attention for one instruction set: portable.
#include "attention.h"
#include "kernels_isa.h"
#include "lanes_portable.h"

namespace bpb {
namespace cpu {

BPB_ATTENTION_KERNELS(portable, Portable)

}  // namespace cpu
}  // namespace bpb
