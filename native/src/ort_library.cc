// Loading of libonnxruntime, once for each path.
#include "ort_library.h"

#include <dlfcn.h>

#include <map>
#include <mutex>
#include <type_traits>

namespace bpb::ort {

const Library& Library::at(const std::string& path) {
  // Never destroyed: a worker's session may outlive the static destructors of the main thread.
  static std::mutex& mutex = *new std::mutex;
  static auto& loaded = *new std::map<std::string, std::unique_ptr<Library>>;
  std::lock_guard<std::mutex> lock(mutex);
  auto& library = loaded[path];
  if (!library) library.reset(new Library(path));
  return *library;
}

Library::Library(const std::string& path) : path_(path) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    throw Failure(reason != nullptr ? reason : "dlopen failed: " + path);
  }
  auto base = reinterpret_cast<const ApiBase* (*)()>(dlsym(handle, "OrtGetApiBase"));
  if (base == nullptr) throw Failure(path + " has no OrtGetApiBase: it is not libonnxruntime");
  base_ = base();
  version_ = base_->version_string();
  table_ = base_->get_api(kApiVersion);
  if (table_ == nullptr) {
    throw Failure("ONNX Runtime " + version_ + " at " + path +
                  " is too old: its C API has no version " + std::to_string(kApiVersion));
  }
  Env* env = nullptr;
  call<CreateEnv>(static_cast<int>(kLogError), "bpb", &env);
  env_ = env;
  call<GetAllocatorWithDefaultOptions>(&allocator_);
}

void Library::check(Status* status) const {
  if (status == nullptr) return;
  std::string message = call<GetErrorMessage>(static_cast<const Status*>(status));
  call<ReleaseStatus>(status);
  throw Failure(message);
}

}  // namespace bpb::ort
