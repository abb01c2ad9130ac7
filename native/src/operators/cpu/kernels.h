// CPU kernels of the operators, by instruction set; each works on a part of its output.
#ifndef BPB_OPERATORS_CPU_KERNELS_H_
#define BPB_OPERATORS_CPU_KERNELS_H_

#include "../operators.h"

namespace bpb {
namespace cpu {

// Elements `from` to `to`.
void squared_relu(bpb_isa isa, const bpb_squared_relu& arguments, size_t from, size_t to);

}  // namespace cpu
}  // namespace bpb

#endif  // BPB_OPERATORS_CPU_KERNELS_H_
