// Exported functions on this machine's GPUs and libraries.
#include "cuda_functions.h"

#include <dlfcn.h>
#ifdef __linux__
#include <link.h>
#endif

#include <string>

#include "coded_failure.h"
#include "cuda_driver.h"
#include "cuda_library.h"
#include "cudnn_version.h"
#include "ort_library.h"
#include "provider_cuda.h"

namespace bpb {

namespace {

std::string text_argument(const Napi::CallbackInfo& info, size_t index) {
  if (!info[index].IsString()) throw Napi::TypeError::New(info.Env(), "expected a string");
  return info[index].As<Napi::String>().Utf8Value();
}

Napi::Object refusal(Napi::Env env, const CodedFailure& failure) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("code", failure.code);
  value.Set("reason", failure.what());
  return value;
}

Napi::Object device_value(Napi::Env env, const std::string& name, int major, int minor,
                          uint64_t memory_bytes) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("name", name);
  value.Set("computeCapability", std::to_string(major) + "." + std::to_string(minor));
  value.Set("memoryBytes", Napi::Number::New(env, static_cast<double>(memory_bytes)));
  return value;
}

}  // namespace

Napi::Object cuda_device_value(Napi::Env env, const bpb_cuda_device& about) {
  Napi::Object value = device_value(env, about.name, about.major, about.minor, about.memory_bytes);
  value.Set("driver", Napi::Number::New(env, about.driver));
  value.Set("runtime", Napi::Number::New(env, about.runtime));
  return value;
}

Napi::Value DriverFunction(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  try {
    const DriverInfo driver = ask_driver(text_argument(info, 0));
    Napi::Array devices = Napi::Array::New(env);
    for (const DriverDevice& device : driver.devices) {
      devices.Set(devices.Length(),
                  device_value(env, device.name, device.major, device.minor, device.memory_bytes));
    }
    Napi::Object value = Napi::Object::New(env);
    value.Set("version", Napi::Number::New(env, driver.version));
    value.Set("devices", devices);
    return value;
  } catch (const CodedFailure& failure) {
    return refusal(env, failure);
  }
}

Napi::Value ScorerFunction(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  try {
    const CudaLibrary& library = CudaLibrary::at(text_argument(info, 0));
    bpb_error error{"BPB_CUDA_DRIVER", ""};
    const int count = library.device_count(&error);
    if (count == 0) throw CodedFailure(error);
    // Counting alone would not show whether a device opens, with which a session begins.
    for (int device = 0; device < count; device++) {
      bpb_cuda_scorer* scorer = library.open(device, &error);
      if (scorer == nullptr) throw CodedFailure(error);
      library.close(scorer);
    }
    Napi::Object value = Napi::Object::New(env);
    value.Set("devices", Napi::Number::New(env, count));
    return value;
  } catch (const CodedFailure& failure) {
    return refusal(env, failure);
  }
}

Napi::Value ProviderFunction(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  try {
    const ort::Library& library = ort::Library::at(text_argument(info, 0));
    return Napi::String::New(env, probe_cuda_provider(library, text_argument(info, 1)));
  } catch (const ort::Failure& failure) {
    return Napi::String::New(env, failure.what());
  }
}

Napi::Value RuntimeVersionFunction(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  try {
    return Napi::String::New(env, ort::Library::at(text_argument(info, 0)).version());
  } catch (const ort::Failure& failure) {
    throw Napi::Error::New(env, failure.what());
  }
}

Napi::Value CudnnVersionFunction(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), cudnn_version());
}

Napi::Value LoadLibraryFunction(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string name = text_argument(info, 0);
  Napi::Object value = Napi::Object::New(env);
  void* handle = dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL);  // kept loaded, as its users would
  if (handle == nullptr) {
    const char* reason = dlerror();
    value.Set("reason", reason != nullptr ? reason : "dlopen failed");
    return value;
  }
  std::string path = name;
#ifdef __linux__
  link_map* map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map->l_name[0] != '\0') path = map->l_name;
#endif
  value.Set("path", path);
  return value;
}

}  // namespace bpb
