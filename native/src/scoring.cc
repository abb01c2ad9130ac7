// Scoring of one batch.
#include "scoring.h"

#include <math.h>

#include <chrono>

#include "fixed_point.h"

namespace bpb {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

bool check_targets(const ScoreRequest& request, size_t vocabulary, bpb_error* error) {
  for (size_t k = 0; k < request.targets.size(); k++) {
    if (static_cast<size_t>(request.targets[k]) < vocabulary) continue;
    BPB_FAIL(error, "BPB_TARGET", "target %d of scored position %zu is beyond the %zu logits",
             request.targets[k], k, vocabulary);
    return false;
  }
  return true;
}

bool score_logits(const bpb_logits& logits, const ScoreRequest& request, ScoreResult& result,
                  bpb_error* error) {
  result.vocabulary = logits.vocab;
  result.type = logits.type;

  const auto start = std::chrono::steady_clock::now();
  const size_t count = request.scored.size();
  if (!check_targets(request, logits.vocab, error)) return false;
  result.nats.resize(count);
  result.totals.assign(request.span_ends.size(), 0);
  const uint32_t* rows = request.positions.empty() ? request.scored.data() : nullptr;
  const bpb_targets targets = {rows, request.targets.data(), count, request.softcap};
  bpb_nll(request.isa, &logits, &targets, result.nats.data());
  for (size_t k = 0; k < count && result.refused < 0; k++) {
    if (isnan(result.nats[k])) result.refused = static_cast<int64_t>(k);
  }
  if (result.refused < 0) {
    const int64_t overflow =
        sum_spans(result.nats.data(), request.span_ends.data(), result.totals.size(),
                  result.totals.data(), &result.infinite);
    if (overflow >= 0) {
      BPB_FAIL(error, "BPB_OVERFLOW", "the sum of a span leaves int64 at scored position %lld",
               static_cast<long long>(overflow));
      return false;
    }
  }
  result.score_seconds = seconds_since(start);
  return true;
}

bool score_batch(bpb_session* session, const ScoreRequest& request, ScoreResult& result,
                 bpb_error* error) {
  bpb_logits logits;
  const auto start = std::chrono::steady_clock::now();
  if (bpb_session_run(session, request.ids.data(), request.rows, request.time,
                      request.positions.data(), request.positions.size(), &logits, error)) {
    return false;
  }
  result.run_seconds = seconds_since(start);
  return score_logits(logits, request, result, error);
}

}  // namespace bpb
