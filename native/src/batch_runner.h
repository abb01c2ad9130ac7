// Batches through a session, one after the other; on a GPU two at a time, so that it never waits.
#ifndef BPB_BATCH_RUNNER_H_
#define BPB_BATCH_RUNNER_H_

#include <memory>

#include "coded_failure.h"
#include "scoring.h"
#include "state_run.h"

namespace bpb {

// A batch in flight; the caller owns it until it is done. `ok` and either `result` or `error` are
// written. An adapt batch is one too: its targets are the last ones of each row, and none is scored.
struct Batch {
  ScoreRequest request;
  std::shared_ptr<State> state;  // null where the session was opened without; for `rows` documents
  bool carry = false;            // stage what the graph writes into the state
  ScoreResult result;
  bpb_error error{"BPB_RUN", ""};
  bool ok = false;
};

// Used from the session's thread only.
class BatchRunner {
 public:
  virtual ~BatchRunner() = default;
  // Begins `next`, which may be null, and then finishes the batch that was begun before, if any.
  // Returns whether `next` is still in flight: then it is finished by the next call.
  virtual bool advance(Batch* next) = 0;
  // Runs an adapt batch to its end; no batch is in flight.
  virtual void adapt(Batch& adapt_batch) = 0;
};

// The runner for the session's device; `run` is null where it has no state.
// Throws std::bad_alloc.
std::unique_ptr<BatchRunner> make_runner(bpb_session* session, std::unique_ptr<StateRun> run);

// Does one step of a batch. Returns false with the batch's error filled on failure.
template <class Step>
bool attempt(Batch& batch, Step step) {
  batch.ok = false;
  try {
    step();
    batch.ok = true;
  } catch (const CodedFailure& failure) {
    BPB_FAIL(&batch.error, failure.code, "%s", failure.what());
  } catch (const std::exception& failure) {  // out of memory
    BPB_FAIL(&batch.error, "BPB_RUN", "%s", failure.what());
  }
  return batch.ok;
}

}  // namespace bpb

#endif  // BPB_BATCH_RUNNER_H_
