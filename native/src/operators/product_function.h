// The kernel of Product as a plain function, for tests and the bench.
#ifndef BPB_PRODUCT_FUNCTION_H_
#define BPB_PRODUCT_FUNCTION_H_

#include <napi.h>

namespace bpb {

// product({rows, inner, width, transposed, x, weights, ...}) -> {y, seconds}
// What may follow is named as in bpb_product: an epsilon asks for the norm, a slope for the squared rectifier;
// `repeats` for the shortest of so many runs, in seconds of processor time; `apart` for its pieces one by one,
// the last first. Throws an Error where this CPU or this build has no Product.
Napi::Value ProductFunction(const Napi::CallbackInfo& info);

}  // namespace bpb

#endif  // BPB_PRODUCT_FUNCTION_H_
