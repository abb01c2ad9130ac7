// Exported functions on the operators of the domain.
#ifndef BPB_OPERATOR_FUNCTIONS_H_
#define BPB_OPERATOR_FUNCTIONS_H_

#include <napi.h>

namespace bpb {

// operators("cpu" or "cuda") -> names of the operators that sessions there can run
Napi::Value OperatorsFunction(const Napi::CallbackInfo& info);

}  // namespace bpb

#endif  // BPB_OPERATOR_FUNCTIONS_H_
