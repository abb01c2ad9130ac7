// The runner of the CPU, and the choice between the two.
#include "batch_runner.h"

#include "cuda_runner.h"
#include "session_device.h"

namespace bpb {

namespace {

// Computes on the caller's thread: every batch is done when it was begun.
class CpuRunner : public BatchRunner {
 public:
  explicit CpuRunner(bpb_session* session) : session_(session) {}

  bool advance(Batch* next) override {
    if (next == nullptr) return false;
    try {
      next->ok = score_batch(session_, next->request, next->result, &next->error);
    } catch (const std::exception& failure) {  // out of memory
      BPB_FAIL(&next->error, "BPB_RUN", "%s", failure.what());
    }
    return false;
  }

 private:
  bpb_session* session_;
};

}  // namespace

std::unique_ptr<BatchRunner> make_runner(bpb_session* session) {
  if (CudaDevice* device = session_device(session)) return make_cuda_runner(session, *device);
  return std::make_unique<CpuRunner>(session);
}

}  // namespace bpb
