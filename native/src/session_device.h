// The GPU behind a session, for what scores its logits there.
#ifndef BPB_SESSION_DEVICE_H_
#define BPB_SESSION_DEVICE_H_

#include "cuda_device.h"
#include "session.h"

namespace bpb {

// Null where the session is the CPU's. It lives as long as the session.
CudaDevice* session_device(bpb_session* session);

}  // namespace bpb

#endif  // BPB_SESSION_DEVICE_H_
