// Batches through a session, one after the other; on a GPU two at a time, so that it never waits.
#ifndef BPB_BATCH_RUNNER_H_
#define BPB_BATCH_RUNNER_H_

#include <memory>

#include "scoring.h"

namespace bpb {

// A batch on its way; the caller owns it until it is done. `ok` and either `result` or `error` are
// written.
struct Batch {
  ScoreRequest request;
  ScoreResult result;
  bpb_error error{"BPB_RUN", ""};
  bool ok = false;
};

// Used from the session's thread only.
class BatchRunner {
 public:
  virtual ~BatchRunner() = default;
  // Begins `next`, which may be null, and then finishes the batch that was begun before, if any.
  // Returns whether `next` is still on its way: then it is finished by the next call.
  virtual bool advance(Batch* next) = 0;
};

// The runner that the session's device wants. Throws std::bad_alloc.
std::unique_ptr<BatchRunner> make_runner(bpb_session* session);

}  // namespace bpb

#endif  // BPB_BATCH_RUNNER_H_
