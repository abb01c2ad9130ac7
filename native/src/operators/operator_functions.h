// Exported functions on the operators of the domain.
#ifndef BPB_OPERATOR_FUNCTIONS_H_
#define BPB_OPERATOR_FUNCTIONS_H_

#include <napi.h>

namespace bpb {

// causalAttention({q, k, v, rows, time, qHeads, kvHeads, scale, positions, isa, threads}) -> Float32Array like q:
// the CPU's kernel of CausalAttention by itself, for tests and the bench. `positions` is an Int32Array or absent.
Napi::Value CausalAttentionFunction(const Napi::CallbackInfo& info);

// operators("cpu" or "cuda") -> names of the operators that sessions there can run
Napi::Value OperatorsFunction(const Napi::CallbackInfo& info);

}  // namespace bpb

#endif  // BPB_OPERATOR_FUNCTIONS_H_
