// Exported functions on the operators of the domain.
#include "operator_functions.h"

#include <atomic>
#include <thread>

#include "../arguments.h"
#include "cpu/kernels.h"
#include "custom_ops.h"

namespace bpb {

namespace {

Napi::Float32Array float32_array(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
    throw Napi::TypeError::New(options.Env(), std::string(name) + " must be a Float32Array");
  }
  return value.As<Napi::Float32Array>();
}

cpu::ForEach on_threads(size_t threads) {
  return [threads](size_t count, const std::function<void(size_t)>& work) {
    std::atomic<size_t> next{0};
    const auto take = [&] {
      for (size_t i = next++; i < count; i = next++) work(i);
    };
    std::vector<std::thread> others;
    for (size_t i = 1; i < threads; i++) others.emplace_back(take);
    take();
    for (std::thread& other : others) other.join();
  };
}

}  // namespace

Napi::Value CausalAttentionFunction(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = options_argument(info);
  const Napi::Float32Array q = float32_array(options, "q"), k = float32_array(options, "k");
  const Napi::Float32Array v = float32_array(options, "v");
  const auto number = [&](const char* name) {
    return static_cast<size_t>(integer_field(options, name, 1, 1 << 24));
  };
  bpb_causal_attention a = {};
  a.rows = number("rows");
  a.time = number("time");
  a.q_heads = static_cast<int>(number("qHeads"));
  a.kv_heads = static_cast<int>(number("kvHeads"));
  // Each is up to 2^24, so that all three could be beyond 64 bits; k has an element for each key.
  const size_t places = a.rows * a.time;
  const size_t keys = places <= k.ElementLength() ? places * static_cast<size_t>(a.kv_heads) : 0;
  if (a.q_heads % a.kv_heads != 0 || keys == 0 || k.ElementLength() % keys != 0 ||
      v.ElementLength() != k.ElementLength()) {
    throw Napi::RangeError::New(
        env, "k and v must be [rows, time, kvHeads * size], and qHeads a multiple");
  }
  a.head_size = static_cast<int>(k.ElementLength() / keys);
  const Napi::Value scale = options.Get("scale");
  if (!scale.IsNumber()) throw Napi::TypeError::New(env, "scale must be a number");
  a.scale = scale.As<Napi::Number>().FloatValue();
  std::vector<int64_t> positions;
  a.count = a.rows * a.time;
  if (!options.Get("positions").IsUndefined()) {
    const std::vector<int32_t> given = int32_field(options, "positions");
    positions.assign(given.begin(), given.end());
    for (const int64_t position : positions) {
      if (position < 0 || static_cast<size_t>(position) >= a.count) {
        throw Napi::RangeError::New(env, "positions must be below rows * time");
      }
    }
    a.count = positions.size();
    a.positions = positions.data();
  }
  if (q.ElementLength() !=
      a.count * static_cast<size_t>(a.q_heads) * static_cast<size_t>(a.head_size)) {
    throw Napi::RangeError::New(env, "q must be [queries, qHeads * size]");
  }
  const bpb_isa isa = isa_field(options);
  Napi::Float32Array y = Napi::Float32Array::New(env, q.ElementLength());
  a.q = q.Data();
  a.k = k.Data();
  a.v = v.Data();
  a.y = y.Data();
  if (a.count == 0) return y;
  std::vector<float> memory;
  const size_t threads = static_cast<size_t>(integer_field(options, "threads", 1, 64));
  cpu::causal_attention(isa, a, on_threads(threads), memory);
  return y;
}

Napi::Value OperatorsFunction(const Napi::CallbackInfo& info) {
  const bool cuda = info[0].IsString() && info[0].As<Napi::String>().Utf8Value() == "cuda";
  Napi::Array names = Napi::Array::New(info.Env());
  for (const OperatorInfo* each : all_operators()) {
    if (cuda && !each->everywhere) continue;
    names.Set(names.Length(), each->name);
  }
  return names;
}

}  // namespace bpb
