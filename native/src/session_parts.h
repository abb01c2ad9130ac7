// Parts of a session, for the code that scores its logits or runs it with a state.
#ifndef BPB_SESSION_PARTS_H_
#define BPB_SESSION_PARTS_H_

#include <memory>

#include "cuda_device.h"
#include "provider.h"
#include "run_settings.h"
#include "session.h"

namespace bpb {

// The GPU of a session; null on the CPU. It is freed with the session.
CudaDevice* session_device(bpb_session* session);

// Borrowed from a session, all but the provider: memory of its device may outlive the session.
struct SessionParts {
  const ort::Library& library;
  std::shared_ptr<Provider> provider;
  ort::Session* session;
  RunSettings& runs;              // bpb_session_cancel acts on every run with these
  const ort::MemoryInfo* memory;  // the provider's
};

SessionParts session_parts(bpb_session* session);

// ONNX's number of the type of an input, 0 where it is no tensor or there is none of that name.
int session_input_type(const bpb_session* session, const char* name);

}  // namespace bpb

#endif  // BPB_SESSION_PARTS_H_
