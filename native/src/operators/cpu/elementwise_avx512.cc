// The elementwise operators' kernels for one instruction set: avx512.
#include "elementwise.h"
#include "kernels_isa.h"
#include "lanes_avx512.h"

namespace bpb {
namespace cpu {

BPB_ELEMENTWISE_KERNELS(avx512, Avx512)

}  // namespace cpu
}  // namespace bpb
