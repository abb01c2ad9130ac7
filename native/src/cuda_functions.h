// Exported functions on this machine's GPUs and libraries: devices, scorer, provider, versions.
#ifndef BPB_CUDA_FUNCTIONS_H_
#define BPB_CUDA_FUNCTIONS_H_

#include <napi.h>

#include "cuda/nll_cuda.h"
#include "session.h"

namespace bpb {

// A device of the scorer's library as an object.
Napi::Object cuda_device_value(Napi::Env env, const bpb_cuda_device& about);

// driver(library) -> {version, devices} or {code, reason}
Napi::Value DriverFunction(const Napi::CallbackInfo& info);
// scorer(library) -> {devices} or {code, reason}; loads libbpb_cuda and counts its devices
Napi::Value ScorerFunction(const Napi::CallbackInfo& info);
// provider(library, form) -> "" or the runtime's reason; loads ONNX Runtime's CUDA provider
Napi::Value ProviderFunction(const Napi::CallbackInfo& info);
// runtimeVersion(library) -> the version of a libonnxruntime; throws where it is none
Napi::Value RuntimeVersionFunction(const Napi::CallbackInfo& info);
// cudnnVersion() -> "9.10.2", or "" where there is no cuDNN; loads it
Napi::Value CudnnVersionFunction(const Napi::CallbackInfo& info);
// loadLibrary(name) -> {path} or {reason}; by the loader's own search
Napi::Value LoadLibraryFunction(const Napi::CallbackInfo& info);

}  // namespace bpb

#endif  // BPB_CUDA_FUNCTIONS_H_
