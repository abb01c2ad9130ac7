// A function for tests: one operator's CPU kernel on arrays of the caller.
#ifndef BPB_COMPUTE_FUNCTION_H_
#define BPB_COMPUTE_FUNCTION_H_

#include <napi.h>

namespace bpb {

// compute({operator, type, isa, parts, …}) -> {output: ArrayBuffer}, on this thread, in `parts` pieces. The rest are
// the arguments of operators.h in camel case; matrices and vectors are ArrayBuffers, null for one that is not given.
// Throws TypeError, and RangeError for an array of another size.
Napi::Value ComputeFunction(const Napi::CallbackInfo& info);

}  // namespace bpb

#endif  // BPB_COMPUTE_FUNCTION_H_
