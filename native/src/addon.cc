// The addon's exports.
#include <napi.h>

#include "cuda_functions.h"
#include "instance.h"
#include "kernel_functions.h"
#include "operators/compute_function.h"
#include "operators/operator_functions.h"
#include "operators/product_function.h"
#include "session_object.h"
#include "state_object.h"

namespace {

// Of the exports and what they take; src/engine/addon.ts requires the same number.
constexpr int kAbi = 8;

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto* data = new bpb::Instance;
  data->session_class = Napi::Persistent(bpb::SessionObject::Define(env));
  data->state_class = Napi::Persistent(bpb::StateObject::Define(env));
  env.SetInstanceData(data);
  exports.Set("abi", Napi::Number::New(env, kAbi));
  exports.Set("open", Napi::Function::New<bpb::SessionObject::Open>(env, "open"));
  exports.Set("states", Napi::Function::New<bpb::StateObject::States>(env, "states"));
  exports.Set("nll", Napi::Function::New<bpb::NllFunction>(env, "nll"));
  exports.Set("q30", Napi::Function::New<bpb::Q30Function>(env, "q30"));
  exports.Set("read", Napi::Function::New<bpb::ReadFunction>(env, "read"));
  exports.Set("instructionSets",
              Napi::Function::New<bpb::InstructionSetsFunction>(env, "instructionSets"));
  exports.Set("causalAttention",
              Napi::Function::New<bpb::CausalAttentionFunction>(env, "causalAttention"));
  exports.Set("product", Napi::Function::New<bpb::ProductFunction>(env, "product"));
  exports.Set("operators", Napi::Function::New<bpb::OperatorsFunction>(env, "operators"));
  exports.Set("compute", Napi::Function::New<bpb::ComputeFunction>(env, "compute"));
  exports.Set("driver", Napi::Function::New<bpb::DriverFunction>(env, "driver"));
  exports.Set("scorer", Napi::Function::New<bpb::ScorerFunction>(env, "scorer"));
  exports.Set("provider", Napi::Function::New<bpb::ProviderFunction>(env, "provider"));
  exports.Set("runtimeVersion",
              Napi::Function::New<bpb::RuntimeVersionFunction>(env, "runtimeVersion"));
  exports.Set("cudnnVersion", Napi::Function::New<bpb::CudnnVersionFunction>(env, "cudnnVersion"));
  exports.Set("loadLibrary", Napi::Function::New<bpb::LoadLibraryFunction>(env, "loadLibrary"));
  return exports;
}

}  // namespace

NODE_API_MODULE(bpb, init)
