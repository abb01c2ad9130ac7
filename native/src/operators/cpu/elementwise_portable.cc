// The elementwise operators' kernels for one instruction set: portable.
#include "../../lanes/portable.h"
#include "elementwise.h"
#include "kernels_isa.h"

namespace bpb {
namespace cpu {

BPB_ELEMENTWISE_KERNELS(portable, Portable)

}  // namespace cpu
}  // namespace bpb
