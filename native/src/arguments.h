// Checked reading of JavaScript arguments: a wrong one is a TypeError or RangeError, never UB.
#ifndef BPB_ARGUMENTS_H_
#define BPB_ARGUMENTS_H_

#include <napi.h>

#include <string>
#include <vector>

#include "nll.h"
#include "scoring.h"

namespace bpb {

// The first argument as an object. Throws TypeError.
Napi::Object options_argument(const Napi::CallbackInfo& info);

// A whole number within [low, high]. Throws TypeError or RangeError.
int64_t integer_field(const Napi::Object& options, const char* name, int64_t low, int64_t high);

// The first argument as such a number, called `name` in errors.
int64_t whole_argument(const Napi::CallbackInfo& info, const char* name, int64_t low, int64_t high);

// Throws TypeError.
Napi::Object object_field(const Napi::Object& options, const char* name);
bool boolean_field(const Napi::Object& options, const char* name);
std::string string_field(const Napi::Object& options, const char* name);

// A softcap: null or undefined is 0. Throws RangeError outside the scorer's range.
double softcap_field(const Napi::Object& options);

// "portable", "avx2", "avx512"; undefined is the best. Throws RangeError where this CPU lacks it.
bpb_isa isa_field(const Napi::Object& options);

// A copy of a typed array of exactly this type. Throws TypeError.
std::vector<uint8_t> uint8_field(const Napi::Object& options, const char* name);
std::vector<int32_t> int32_field(const Napi::Object& options, const char* name);
std::vector<uint32_t> uint32_field(const Napi::Object& options, const char* name);
std::vector<float> float32_value(const Napi::Value& value, const char* name);

// Ascending ends of spans, the last of them `count`. Throws RangeError.
void check_span_ends(Napi::Env env, const std::vector<uint32_t>& ends, size_t count);

// A batch, with everything checked that scoring.h expects to be.
ScoreRequest score_request(const Napi::Object& options);

// An adapt batch, as a request of which only rows, time, ids and targets are filled.
ScoreRequest adapt_request(const Napi::Object& options);

}  // namespace bpb

#endif  // BPB_ARGUMENTS_H_
