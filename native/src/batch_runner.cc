// The runner of the CPU, and the choice between the two.
#include "batch_runner.h"

#include <utility>

#include "cuda_runner.h"
#include "id_buffer.h"
#include "session_parts.h"

namespace bpb {

namespace {

// Computes on the caller's thread: every batch is done when it was begun.
class CpuRunner : public BatchRunner {
 public:
  CpuRunner(bpb_session* session, std::unique_ptr<StateRun> run)
      : session_(session), run_(std::move(run)) {}

  bool advance(Batch* next) override {
    if (next == nullptr) return false;
    attempt(*next, [&] {
      const bool ok = next->state == nullptr
                          ? score_batch(session_, next->request, next->result, &next->error)
                          : score_carried(*next);
      if (!ok) throw CodedFailure(next->error);
    });
    return false;
  }

  void adapt(Batch& adapt_batch) override {
    attempt(adapt_batch, [&] { run(adapt_batch); });
  }

 private:
  bool score_carried(Batch& batch) {
    run(batch);
    const bpb_logits logits = run_->logits(batch.request.rows, batch.request.time);
    return score_logits(logits, batch.request, batch.result, &batch.error);
  }

  void run(Batch& batch) {
    const ScoreRequest& request = batch.request;
    const auto place = [&](IdBuffer& buffer, const std::vector<int32_t>& ids, int type) {
      void* data = type == 0 ? nullptr : buffer.fill(ids.data(), ids.size(), type);
      return PlacedIds{data, ids.size() / request.rows};
    };
    const PlacedIds tokens = place(tokens_, request.ids, run_->tokens_type());
    const PlacedIds targets = place(targets_, request.targets, run_->targets_type());
    batch.result.run_seconds = run_->run(*batch.state, tokens, targets, batch.carry);
  }

  bpb_session* session_;
  std::unique_ptr<StateRun> run_;
  IdBuffer tokens_, targets_;
};

}  // namespace

std::unique_ptr<BatchRunner> make_runner(bpb_session* session, std::unique_ptr<StateRun> run) {
  if (CudaDevice* device = session_device(session)) {
    return make_cuda_runner(session, *device, std::move(run));
  }
  return std::make_unique<CpuRunner>(session, std::move(run));
}

}  // namespace bpb
