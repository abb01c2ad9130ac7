// The CPU provider, and the table of providers.
#include "provider.h"

#include <string.h>

namespace bpb {

// Every session has the CPU provider; there is nothing to append.
const Provider kCpuProvider = {
    "cpu",
    BPB_CPU,
    [](const ort::Library&, ort::SessionOptions*) {},
    [](const ort::Library& library, ort::MemoryInfo** out) {
      library.call<ort::CreateCpuMemoryInfo>(static_cast<int>(ort::kDeviceAllocator),
                                             static_cast<int>(ort::kMemoryDefault), out);
    },
};

const Provider* find_provider(const char* name) {
  const Provider* const providers[] = {&kCpuProvider};
  for (const Provider* provider : providers) {
    if (strcmp(provider->name, name) == 0) return provider;
  }
  return nullptr;
}

}  // namespace bpb
