// Loading of libbpb_cuda, once for each path.
#include "cuda_library.h"

#include <dlfcn.h>

#include <map>
#include <memory>
#include <mutex>

#include "coded_failure.h"

namespace bpb {

namespace {

std::unique_ptr<CudaLibrary> load(const std::string& path) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    throw CodedFailure("BPB_CUDA_LIBRARY", reason != nullptr ? reason : "dlopen failed: " + path);
  }
  auto library = std::make_unique<CudaLibrary>();
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(handle, name));
    if (function == nullptr) {
      throw CodedFailure("BPB_CUDA_LIBRARY", path + " has no " + name + ": it is not libbpb_cuda");
    }
  };
  // First, because an older library may lack functions of a newer one.
  find(library->abi, "bpb_cuda_abi");
  if (library->abi() != BPB_CUDA_ABI) {
    throw CodedFailure("BPB_CUDA_LIBRARY", path + " has ABI " + std::to_string(library->abi()) +
                                               ", this addon needs " +
                                               std::to_string(BPB_CUDA_ABI) + ": build it again");
  }
  find(library->device_count, "bpb_cuda_device_count");
  find(library->open, "bpb_cuda_open");
  find(library->close, "bpb_cuda_close");
  find(library->describe, "bpb_cuda_describe");
  find(library->clear, "bpb_cuda_clear");
  find(library->score, "bpb_cuda_score");
  find(library->stream_create, "bpb_cuda_stream_create");
  find(library->stream_destroy, "bpb_cuda_stream_destroy");
  find(library->stream_wait, "bpb_cuda_stream_wait");
  find(library->alloc, "bpb_cuda_alloc");
  find(library->free, "bpb_cuda_free");
  find(library->copy, "bpb_cuda_copy");
  find(library->memory_info, "bpb_cuda_memory_info");
  find(library->moment_create, "bpb_cuda_moment_create");
  find(library->moment_destroy, "bpb_cuda_moment_destroy");
  find(library->moment_mark, "bpb_cuda_moment_mark");
  find(library->moment_seconds, "bpb_cuda_moment_seconds");
  find(library->sum_norm, "bpb_cuda_sum_norm");
  find(library->split_norm_rotary, "bpb_cuda_split_norm_rotary");
  find(library->squared_relu, "bpb_cuda_squared_relu");
  find(library->swiglu, "bpb_cuda_swiglu");
  return library;
}

}  // namespace

const CudaLibrary& CudaLibrary::at(const std::string& path) {
  // Never destroyed, as libonnxruntime: sessions of several workers share it.
  static std::mutex& mutex = *new std::mutex;
  static auto& loaded = *new std::map<std::string, std::unique_ptr<CudaLibrary>>;
  std::lock_guard<std::mutex> lock(mutex);
  auto& library = loaded[path];
  if (!library) library = load(path);
  return *library;
}

}  // namespace bpb
