// CPU kernels of the operators; each works on a part of its output and gives the same bits for any division.
#ifndef BPB_OPERATORS_CPU_KERNELS_H_
#define BPB_OPERATORS_CPU_KERNELS_H_

#include <functional>
#include <vector>

#include "../operators.h"

namespace bpb {
namespace cpu {

// Rows `from` to `to`; `isa` must not be beyond bpb_best_isa().
void sum_norm(bpb_isa isa, const bpb_sum_norm& arguments, size_t from, size_t to);
void split_norm_rotary(bpb_isa isa, const bpb_split_norm_rotary& arguments, size_t from, size_t to);
void swiglu(bpb_isa isa, const bpb_swiglu& arguments, size_t from, size_t to);

// Elements `from` to `to`.
void squared_relu(bpb_isa isa, const bpb_squared_relu& arguments, size_t from, size_t to);

// Calls `work(i)` for i from 0 to `count`, in any order and on any threads, and waits for all.
using ForEach = std::function<void(size_t count, const std::function<void(size_t i)>& work)>;

// All of it, with scratch memory of its own in `memory`, which may be kept for the next call.
void causal_attention(bpb_isa isa, const bpb_causal_attention& arguments, const ForEach& for_each,
                      std::vector<float>& memory);

}  // namespace cpu
}  // namespace bpb

#endif  // BPB_OPERATORS_CPU_KERNELS_H_
