// The elementwise operators' kernels for one instruction set: avx2.
#include "../../lanes/avx2.h"
#include "elementwise.h"
#include "kernels_isa.h"

namespace bpb {
namespace cpu {

BPB_ELEMENTWISE_KERNELS(avx2, Avx2)

}  // namespace cpu
}  // namespace bpb
