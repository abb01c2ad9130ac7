// What differs between devices: how the provider joins a session and where its logits lie.
#ifndef BPB_PROVIDER_H_
#define BPB_PROVIDER_H_

#include "nll.h"
#include "ort_library.h"

namespace bpb {

struct Provider {
  const char* name;
  bpb_location location;
  // Appends the provider to the options of a session to be. Throws ort::Failure.
  void (*append)(const ort::Library& library, ort::SessionOptions* options);
  // Memory in which the run is to leave the logits. Throws ort::Failure.
  void (*create_memory_info)(const ort::Library& library, ort::MemoryInfo** out);
};

extern const Provider kCpuProvider;

// The provider called `name`, or null.
const Provider* find_provider(const char* name);

}  // namespace bpb

#endif  // BPB_PROVIDER_H_
