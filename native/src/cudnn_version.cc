// Version query of cuDNN.
#include "cudnn_version.h"

#include <dlfcn.h>
#include <stddef.h>

namespace bpb {

namespace {

// 91002 is 9.10.2; before version 9 there was one digit less for each: 8907 is 8.9.7.
std::string dotted(size_t version) {
  const size_t unit = version >= 90000 ? 10000 : 1000;
  return std::to_string(version / unit) + "." + std::to_string(version % unit / 100) + "." +
         std::to_string(version % 100);
}

}  // namespace

std::string cudnn_version() {
  for (const char* name : {"libcudnn.so.9", "libcudnn.so"}) {
    void* handle = dlopen(name, RTLD_LAZY | RTLD_LOCAL);  // kept: the provider uses it too
    if (handle == nullptr) continue;
    auto version = reinterpret_cast<size_t (*)()>(dlsym(handle, "cudnnGetVersion"));
    if (version != nullptr) return dotted(version());
  }
  return "";
}

}  // namespace bpb
