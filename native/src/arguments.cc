// Checked reading of JavaScript arguments.
#include "arguments.h"

#include <math.h>
#include <string.h>

#include <algorithm>

namespace bpb {

namespace {

[[noreturn]] void type_error(Napi::Env env, const std::string& message) {
  throw Napi::TypeError::New(env, message);
}

[[noreturn]] void range_error(Napi::Env env, const std::string& message) {
  throw Napi::RangeError::New(env, message);
}

template <class T>
std::vector<T> copy_array(const Napi::Value& value, napi_typedarray_type type, const char* name,
                          const char* type_name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    type_error(value.Env(), std::string(name) + " must be a " + type_name);
  }
  const auto array = value.As<Napi::TypedArrayOf<T>>();
  const size_t length = array.ElementLength();
  if (length == 0) return {};
  return std::vector<T>(array.Data(), array.Data() + length);
}

int64_t whole_number(const Napi::Value& value, const char* name, int64_t low, int64_t high) {
  if (!value.IsNumber()) type_error(value.Env(), std::string(name) + " must be a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= static_cast<double>(low) && number <= static_cast<double>(high)) ||
      number != floor(number)) {
    range_error(value.Env(), std::string(name) + " must be a whole number from " +
                                 std::to_string(low) + " to " + std::to_string(high));
  }
  return static_cast<int64_t>(number);
}

// Negative ids would count from the end in Gather, without an error.
void check_ids(Napi::Env env, const std::vector<int32_t>& ids, const char* name) {
  int32_t bits = 0;  // no branch in the loop, so that the compiler takes many ids at once
  for (const int32_t id : ids) bits |= id;
  if (bits < 0) range_error(env, std::string(name) + " must not be negative");
}

void check_below(Napi::Env env, const std::vector<uint32_t>& values, size_t bound,
                 const char* name) {
  uint32_t largest = 0;
  for (const uint32_t value : values) largest = std::max(largest, value);
  if (!values.empty() && largest >= bound) {
    range_error(env, std::string(name) + " must be below rows * time");
  }
}

}  // namespace

Napi::Object options_argument(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsObject())
    type_error(info.Env(), "expected an options object");
  return info[0].As<Napi::Object>();
}

int64_t integer_field(const Napi::Object& options, const char* name, int64_t low, int64_t high) {
  return whole_number(options.Get(name), name, low, high);
}

int64_t whole_argument(const Napi::CallbackInfo& info, const char* name, int64_t low,
                       int64_t high) {
  return whole_number(info[0], name, low, high);
}

Napi::Object object_field(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (!value.IsObject()) type_error(options.Env(), std::string(name) + " must be an object");
  return value.As<Napi::Object>();
}

bool boolean_field(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (!value.IsBoolean()) type_error(options.Env(), std::string(name) + " must be a boolean");
  return value.As<Napi::Boolean>().Value();
}

std::string string_field(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (!value.IsString()) type_error(options.Env(), std::string(name) + " must be a string");
  return value.As<Napi::String>().Utf8Value();
}

double softcap_field(const Napi::Object& options) {
  const Napi::Value value = options.Get("softcap");
  if (value.IsNull() || value.IsUndefined()) return 0;
  if (!value.IsNumber()) type_error(options.Env(), "softcap must be a number or null");
  const double softcap = value.As<Napi::Number>().DoubleValue();
  if (!(softcap >= BPB_SOFTCAP_MIN && softcap <= BPB_SOFTCAP_MAX)) {
    range_error(options.Env(), "softcap must be from 1e-6 to 1e6");
  }
  return softcap;
}

bpb_isa isa_field(const Napi::Object& options) {
  const Napi::Value value = options.Get("isa");
  if (value.IsUndefined() || value.IsNull()) return bpb_best_isa();
  const std::string name = string_field(options, "isa");
  for (int isa = BPB_PORTABLE; isa <= bpb_best_isa(); isa++) {
    if (name == bpb_isa_name(static_cast<bpb_isa>(isa))) return static_cast<bpb_isa>(isa);
  }
  range_error(options.Env(), "this CPU has no instruction set called " + name);
}

std::vector<uint8_t> uint8_field(const Napi::Object& options, const char* name) {
  return copy_array<uint8_t>(options.Get(name), napi_uint8_array, name, "Uint8Array");
}

std::vector<int32_t> int32_field(const Napi::Object& options, const char* name) {
  return copy_array<int32_t>(options.Get(name), napi_int32_array, name, "Int32Array");
}

std::vector<uint32_t> uint32_field(const Napi::Object& options, const char* name) {
  return copy_array<uint32_t>(options.Get(name), napi_uint32_array, name, "Uint32Array");
}

std::vector<float> float32_value(const Napi::Value& value, const char* name) {
  return copy_array<float>(value, napi_float32_array, name, "Float32Array");
}

void check_span_ends(Napi::Env env, const std::vector<uint32_t>& ends, size_t count) {
  uint32_t last = 0;
  for (const uint32_t end : ends) {
    if (end < last) range_error(env, "spanEnds must ascend");
    last = end;
  }
  if (last != count) range_error(env, "spanEnds must end at the number of targets");
}

// A list for the graph: the scored positions in their order, and more of them to fill it up.
void check_positions(Napi::Env env, const ScoreRequest& request) {
  const std::vector<uint32_t>&list = request.positions, &scored = request.scored;
  if (list.empty() || list.size() < scored.size() ||
      !std::equal(scored.begin(), scored.end(), list.begin())) {
    range_error(env, "positions must begin with the scored ones, and be one at least");
  }
  check_below(env, list, request.rows * request.time, "positions");
}

ScoreRequest score_request(const Napi::Object& options) {
  const Napi::Env env = options.Env();
  ScoreRequest request;
  request.rows = integer_field(options, "rows", 1, INT32_MAX);
  request.time = integer_field(options, "time", 1, INT32_MAX);
  request.ids = int32_field(options, "ids");
  request.scored = uint32_field(options, "scored");
  request.targets = int32_field(options, "targets");
  request.span_ends = uint32_field(options, "spanEnds");
  request.softcap = softcap_field(options);
  request.isa = isa_field(options);
  const size_t positions = request.rows * request.time;
  if (request.ids.size() != positions) range_error(env, "ids must hold rows * time ids");
  if (request.targets.size() != request.scored.size()) {
    range_error(env, "targets and scored must be of one length");
  }
  check_ids(env, request.ids, "ids");
  check_ids(env, request.targets, "targets");
  check_below(env, request.scored, positions, "scored");
  check_span_ends(env, request.span_ends, request.scored.size());
  if (!options.Get("positions").IsUndefined()) {
    request.positions = uint32_field(options, "positions");
    check_positions(env, request);
  }
  return request;
}

ScoreRequest adapt_request(const Napi::Object& options) {
  const Napi::Env env = options.Env();
  ScoreRequest request;
  request.rows = integer_field(options, "rows", 1, INT32_MAX);
  request.time = integer_field(options, "time", 1, INT32_MAX);
  request.ids = int32_field(options, "ids");
  request.targets = int32_field(options, "targets");
  const size_t chunk = integer_field(options, "chunk", 1, INT32_MAX);
  if (request.ids.size() != request.rows * request.time) {
    range_error(env, "ids must hold rows * time ids");
  }
  if (request.targets.size() != request.rows * chunk) {
    range_error(env, "targets must hold rows * chunk ids");
  }
  check_ids(env, request.ids, "ids");
  check_ids(env, request.targets, "targets");
  return request;
}

}  // namespace bpb
