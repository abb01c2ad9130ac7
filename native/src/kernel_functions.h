// The scorer and the fixed-point sums as plain functions, for tests and the bench.
#ifndef BPB_KERNEL_FUNCTIONS_H_
#define BPB_KERNEL_FUNCTIONS_H_

#include <napi.h>

namespace bpb {

// nll({logits, type, rows, vocab, stride, offset, targets, softcap, isa}) -> Float32Array, on this
// thread. `logits` is an ArrayBuffer, `offset` in bytes, `stride` in elements.
Napi::Value NllFunction(const Napi::CallbackInfo& info);

// q30(nats, spanEnds) -> {q30, infinite}. Throws RangeError on NaN and on overflow.
Napi::Value Q30Function(const Napi::CallbackInfo& info);

// instructionSets() -> names that this CPU has, the best last.
Napi::Value InstructionSetsFunction(const Napi::CallbackInfo& info);

// read({buffer, isa}) -> a checksum, after reading every byte: the limit that the bench shows.
Napi::Value ReadFunction(const Napi::CallbackInfo& info);

}  // namespace bpb

#endif  // BPB_KERNEL_FUNCTIONS_H_
