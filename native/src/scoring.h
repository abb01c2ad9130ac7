// Scoring of one batch, without JavaScript: runs the model, scores its targets, sums its spans.
#ifndef BPB_SCORING_H_
#define BPB_SCORING_H_

#include <stdint.h>

#include <vector>

#include "error.h"
#include "nll.h"
#include "session.h"

namespace bpb {

// Checked by the caller: ids.size() == rows * time and ids >= 0, scored < rows * time,
// targets >= 0 and as many as scored, span_ends ascending and ending at scored.size();
// positions empty, or all < rows * time and beginning with scored.
struct ScoreRequest {
  size_t rows = 0, time = 0;
  std::vector<int32_t> ids;
  std::vector<uint32_t> scored;
  // For a graph with a positions input: row k of its logits is that of scored[k].
  std::vector<uint32_t> positions;
  std::vector<int32_t> targets;
  std::vector<uint32_t> span_ends;
  double softcap = 0;  // 0 for none
  bpb_isa isa = BPB_PORTABLE;
};

struct ScoreResult {
  std::vector<float> nats;      // of each target
  std::vector<int64_t> totals;  // of each span, 2^-30 nats; zeros when a row was refused
  uint64_t infinite = 0;        // targets at +inf nats
  int64_t refused = -1;         // first target whose nats are NaN, else -1
  double run_seconds = 0, score_seconds = 0;
  uint64_t device_to_host_bytes = 0;  // 0 on the CPU
  size_t vocabulary = 0;
  bpb_type type = BPB_FP32;
};

// False with `error` filled (BPB_TARGET) where a target is beyond the vocabulary.
bool check_targets(const ScoreRequest& request, size_t vocabulary, bpb_error* error);

// Scores logits in host memory. False with `error` filled on failure.
bool score_logits(const bpb_logits& logits, const ScoreRequest& request, ScoreResult& result,
                  bpb_error* error);

// Runs the session on the CPU and scores its logits. False with `error` filled on failure.
bool score_batch(bpb_session* session, const ScoreRequest& request, ScoreResult& result,
                 bpb_error* error);

}  // namespace bpb

#endif  // BPB_SCORING_H_
