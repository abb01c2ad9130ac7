// The elementwise operators' kernels for one instruction set: avx2.
#include "elementwise.h"
#include "kernels_isa.h"
#include "lanes_avx2.h"

namespace bpb {
namespace cpu {

BPB_ELEMENTWISE_KERNELS(avx2, Avx2)

}  // namespace cpu
}  // namespace bpb
