// Exported functions on the operators of the domain.
#include "operator_functions.h"

#include "custom_ops.h"

namespace bpb {

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
