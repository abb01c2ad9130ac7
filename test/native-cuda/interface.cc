// Loads libbpb_cuda (the argument) as the addon does, without CUDA, and prints, one JSON object a
// line, what it says about itself and about devices that are not there.
#include <dlfcn.h>
#include <stdio.h>

#include <initializer_list>

#include "../../native/src/cuda/memory.h"

namespace {

void* library;

template <class Function>
Function* find(const char* name) {
  void* found = dlsym(library, name);
  if (!found) printf("{\"check\":\"has %s\",\"ok\":false,\"detail\":\"\"}\n", name);
  return reinterpret_cast<Function*>(found);
}

void report(const char* name, bool ok, const bpb_error& error) {
  printf("{\"check\":\"%s\",\"ok\":%s,\"detail\":\"%s: %s\"}\n", name, ok ? "true" : "false",
         error.code ? error.code : "", error.message);
}

}  // namespace

int main(int, char** argv) {
  bpb_error error = {};
  library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (!library) snprintf(error.message, sizeof error.message, "%s", dlerror());
  report("the library loads without a driver", library != nullptr, error);
  if (!library) return 0;

  const auto abi = find<decltype(bpb_cuda_abi)>("bpb_cuda_abi");
  const auto count = find<decltype(bpb_cuda_device_count)>("bpb_cuda_device_count");
  const auto open = find<decltype(bpb_cuda_open)>("bpb_cuda_open");
  const auto close = find<decltype(bpb_cuda_close)>("bpb_cuda_close");
  for (const char* name :
       {"bpb_cuda_describe", "bpb_cuda_clear", "bpb_cuda_score", "bpb_cuda_stream_create",
        "bpb_cuda_stream_destroy", "bpb_cuda_stream_wait", "bpb_cuda_alloc", "bpb_cuda_free",
        "bpb_cuda_copy", "bpb_cuda_memory_info", "bpb_cuda_moment_create",
        "bpb_cuda_moment_destroy", "bpb_cuda_moment_mark", "bpb_cuda_moment_seconds",
        "bpb_cuda_sum_norm", "bpb_cuda_split_norm_rotary", "bpb_cuda_squared_relu",
        "bpb_cuda_swiglu"}) {
    find<char>(name);
  }
  if (!abi || !count || !open || !close) return 0;
  report("its interface is the header's", abi() == BPB_CUDA_ABI, error);

  const int devices = count(&error);
  report("it counts devices, or says why not", devices > 0 || error.code != nullptr, error);
  for (const int device : {-1, devices}) {
    error = {};
    bpb_cuda_scorer* scorer = open(device, &error);
    report("a device that is not there is refused", !scorer && error.code && error.message[0],
           error);
  }
  if (devices > 0) {
    error = {};
    bpb_cuda_scorer* scorer = open(0, &error);
    report("device 0 opens", scorer != nullptr, error);
    if (scorer) close(scorer);
  }
}
