// Run, score, sum.
#include "scoring.h"

#include <math.h>

#include <chrono>

#include "fixed_point.h"

namespace bpb {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Scores where the logits lie; a provider with another location brings its scorer here.
bool score_logits(const bpb_logits& logits, const bpb_targets& targets, bpb_isa isa, float* nats,
                  bpb_error* error) {
  if (logits.location == BPB_CPU) {
    bpb_nll(isa, &logits, &targets, nats);
    return true;
  }
  BPB_FAIL(error, "BPB_OUTPUT", "no scorer for logits in memory location %d", logits.location);
  return false;
}

}  // namespace

bool score_batch(bpb_session* session, const ScoreRequest& request, ScoreResult& result,
                 bpb_error* error) {
  bpb_logits logits;
  auto start = std::chrono::steady_clock::now();
  if (bpb_session_run(session, request.ids.data(), request.rows, request.time, &logits, error)) {
    return false;
  }
  result.run_seconds = seconds_since(start);
  result.vocabulary = logits.vocab;
  result.type = logits.type;

  start = std::chrono::steady_clock::now();
  const size_t count = request.scored.size();
  for (size_t k = 0; k < count; k++) {
    if (static_cast<size_t>(request.targets[k]) >= logits.vocab) {
      BPB_FAIL(error, "BPB_TARGET", "target %d of scored position %zu is beyond the %zu logits",
               request.targets[k], k, logits.vocab);
      return false;
    }
  }
  result.nats.resize(count);
  result.totals.assign(request.segment_ends.size(), 0);
  const bpb_targets targets = {request.scored.data(), request.targets.data(), count,
                               request.softcap};
  if (!score_logits(logits, targets, request.isa, result.nats.data(), error)) return false;
  for (size_t k = 0; k < count && result.refused < 0; k++) {
    if (isnan(result.nats[k])) result.refused = static_cast<int64_t>(k);
  }
  if (result.refused < 0) {
    const int64_t overflow =
        sum_segments(result.nats.data(), request.segment_ends.data(), result.totals.size(),
                     result.totals.data(), &result.infinite);
    if (overflow >= 0) {
      BPB_FAIL(error, "BPB_OVERFLOW", "the sum of a segment leaves int64 at scored position %lld",
               static_cast<long long>(overflow));
      return false;
    }
  }
  result.score_seconds = seconds_since(start);
  return true;
}

}  // namespace bpb
