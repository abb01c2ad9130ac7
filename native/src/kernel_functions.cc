// The scorer and the fixed-point sums as plain functions.
#include "kernel_functions.h"

#include <algorithm>

#include "arguments.h"
#include "fixed_point.h"

namespace bpb {

Napi::Value NllFunction(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = options_argument(info);
  const Napi::Value buffer = options.Get("logits");
  if (!buffer.IsArrayBuffer()) throw Napi::TypeError::New(env, "logits must be an ArrayBuffer");
  Napi::ArrayBuffer bytes = buffer.As<Napi::ArrayBuffer>();

  const std::string name = string_field(options, "type");
  bpb_type type = BPB_FP32;
  if (name == "fp16") {
    type = BPB_FP16;
  } else if (name == "bf16") {
    type = BPB_BF16;
  } else if (name != "fp32") {
    throw Napi::RangeError::New(env, "type must be fp32, fp16 or bf16");
  }
  const size_t rows = integer_field(options, "rows", 0, INT32_MAX);
  const size_t vocab = integer_field(options, "vocab", 1, INT32_MAX);
  const size_t stride = integer_field(options, "stride", static_cast<int64_t>(vocab), INT32_MAX);
  const size_t offset = integer_field(options, "offset", 0, int64_t{1} << 53);
  const size_t elements = rows == 0 ? 0 : (rows - 1) * stride + vocab;
  const size_t size = bytes.ByteLength();
  if (offset > size || elements > (size - offset) / bpb_type_size(type)) {
    throw Napi::RangeError::New(env, "the rows reach beyond the buffer");
  }
  const std::vector<int32_t> targets = int32_field(options, "targets");
  if (targets.size() != rows) throw Napi::RangeError::New(env, "one target a row is needed");
  for (const int32_t target : targets) {
    if (target < 0 || static_cast<size_t>(target) >= vocab) {
      throw Napi::RangeError::New(env, "targets must be below vocab");
    }
  }
  const bpb_logits logits = {
      static_cast<const char*>(bytes.Data()) + offset, type, BPB_CPU, rows, vocab, stride};
  const bpb_targets want = {nullptr, targets.data(), rows, softcap_field(options)};
  const bpb_isa isa = isa_field(options);
  Napi::Float32Array nats = Napi::Float32Array::New(env, rows);
  bpb_nll(isa, &logits, &want, nats.Data());
  return nats;
}

Napi::Value Q30Function(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object arguments = Napi::Object::New(env);
  arguments.Set("spanEnds", info[1]);
  const std::vector<float> nats = float32_value(info[0], "nats");
  const std::vector<uint32_t> ends = uint32_field(arguments, "spanEnds");
  check_span_ends(env, ends, nats.size());
  std::vector<int64_t> sums(ends.size());
  uint64_t infinite = 0;
  const int64_t bad = sum_spans(nats.data(), ends.data(), ends.size(), sums.data(), &infinite);
  if (bad >= 0) {
    throw Napi::RangeError::New(env, "nats[" + std::to_string(bad) +
                                         "] is no number, or its span's sum leaves int64");
  }
  Napi::BigInt64Array totals = Napi::BigInt64Array::New(env, sums.size());
  std::copy(sums.begin(), sums.end(), totals.Data());
  Napi::Object result = Napi::Object::New(env);
  result.Set("q30", totals);
  result.Set("infinite", Napi::Number::New(env, static_cast<double>(infinite)));
  return result;
}

Napi::Value InstructionSetsFunction(const Napi::CallbackInfo& info) {
  Napi::Array names = Napi::Array::New(info.Env());
  for (uint32_t isa = BPB_PORTABLE; isa <= static_cast<uint32_t>(bpb_best_isa()); isa++) {
    names.Set(isa, bpb_isa_name(static_cast<bpb_isa>(isa)));
  }
  return names;
}

Napi::Value ReadFunction(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = options_argument(info);
  const Napi::Value buffer = options.Get("buffer");
  if (!buffer.IsArrayBuffer()) throw Napi::TypeError::New(env, "buffer must be an ArrayBuffer");
  Napi::ArrayBuffer bytes = buffer.As<Napi::ArrayBuffer>();
  const uint64_t checksum = bpb_read(isa_field(options), bytes.Data(), bytes.ByteLength());
  return Napi::Number::New(env, static_cast<double>(checksum >> 12));
}

}  // namespace bpb
