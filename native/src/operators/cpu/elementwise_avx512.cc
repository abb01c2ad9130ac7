// The elementwise operators' kernels for one instruction set: avx512.
#include "../../lanes/avx512.h"
#include "elementwise.h"
#include "kernels_isa.h"

namespace bpb {
namespace cpu {

BPB_ELEMENTWISE_KERNELS(avx512, Avx512)

}  // namespace cpu
}  // namespace bpb
