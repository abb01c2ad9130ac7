// The kernel of Product as a plain function, for tests and the bench.
#include "product_function.h"

#include "../arguments.h"

#ifdef BPB_AMX
#include <time.h>

#include <algorithm>

#include "cpu/amx.h"
#include "cpu/product.h"
#endif

namespace bpb {

#ifdef BPB_AMX
namespace {

double processor_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

bool given(const Napi::Object& options, const char* name) {
  return options.Has(name) && !options.Get(name).IsUndefined();
}

std::vector<float> values_of(const Napi::Object& options, const char* name, size_t size) {
  std::vector<float> values = float32_value(options.Get(name), name);
  if (values.size() != size) {
    throw Napi::RangeError::New(options.Env(), std::string(name) + " must have " +
                                                   std::to_string(size) + " elements");
  }
  return values;
}

// Empty where there are none.
std::vector<float> optional_values(const Napi::Object& options, const char* name, size_t size) {
  return given(options, name) ? values_of(options, name, size) : std::vector<float>();
}

const float* pointer(const std::vector<float>& values) {
  return values.empty() ? nullptr : values.data();
}

float number_of(const Napi::Object& options, const char* name) {
  return options.Get(name).ToNumber().FloatValue();
}

}  // namespace

Napi::Value ProductFunction(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = options_argument(info);
  if (!cpu::amx_available()) throw Napi::Error::New(env, "this CPU has no AMX to use");
  constexpr int64_t kMost = 1 << 20;
  const auto size = [&](const char* name) {
    return static_cast<size_t>(integer_field(options, name, 0, kMost));
  };
  bpb_product a = {};
  a.rows = size("rows");
  a.inner = size("inner");
  a.width = size("width");
  const std::vector<float> x = values_of(options, "x", a.rows * a.inner);
  const std::vector<float> weights = values_of(options, "weights", a.inner * a.width);
  const std::vector<float> gain = optional_values(options, "gain", a.inner);
  const std::vector<float> bias = optional_values(options, "bias", a.width);
  const std::vector<float> factor = optional_values(options, "factor", a.width);
  std::vector<float> added[BPB_PRODUCT_TERMS], factors[BPB_PRODUCT_TERMS];
  const char* const names[][2] = {{"added0", "added_factor0"}, {"added1", "added_factor1"}};
  for (int t = 0; t < BPB_PRODUCT_TERMS; t++) {
    added[t] = optional_values(options, names[t][0], a.rows * a.width);
    factors[t] = optional_values(options, names[t][1], a.width);
    a.added[t] = pointer(added[t]);
    a.added_factor[t] = pointer(factors[t]);
  }
  a.x = x.data();
  a.norm = given(options, "epsilon");
  if (a.norm) a.epsilon = number_of(options, "epsilon");
  a.squared_relu = given(options, "slope");
  if (a.squared_relu) a.slope = number_of(options, "slope");
  a.gain = pointer(gain);
  a.bias = pointer(bias);
  a.factor = pointer(factor);
  const bool transposed = options.Get("transposed").ToBoolean();
  const cpu::Weights packed = cpu::product_weights(weights.data(), a.inner, a.width, transposed);
  a.weights = packed.get();
  Napi::Float32Array y = Napi::Float32Array::New(env, a.rows * a.width);
  a.y = y.Data();

  const int64_t repeats =
      given(options, "repeats") ? integer_field(options, "repeats", 1, kMost) : 1;
  const size_t pieces = cpu::product_pieces(a);
  double best = 1e30;
  for (int64_t k = 0; k < repeats; k++) {
    const double start = processor_seconds();
    if (options.Get("apart").ToBoolean()) {
      for (size_t piece = pieces; piece > 0; piece--) cpu::product(a, piece - 1, piece);
    } else {
      cpu::product(a, 0, pieces);
    }
    best = std::min(best, processor_seconds() - start);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("y", y);
  result.Set("seconds", Napi::Number::New(env, best));
  return result;
}
#else
Napi::Value ProductFunction(const Napi::CallbackInfo& info) {
  throw Napi::Error::New(info.Env(), "this build has no product on AMX");
}
#endif

}  // namespace bpb
