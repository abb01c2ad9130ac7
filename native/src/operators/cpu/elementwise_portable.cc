// The elementwise operators' kernels for one instruction set: portable.
#include "elementwise.h"
#include "kernels_isa.h"
#include "lanes_portable.h"

namespace bpb {
namespace cpu {

BPB_ELEMENTWISE_KERNELS(portable, Portable)

}  // namespace cpu
}  // namespace bpb
