// Batches on a GPU.
//
// Two slots of memory: while one batch computes, the next one's ids are converted and uploaded, and
// when it is done, the next one is launched before its own results are read. The stream keeps
// the order; the host waits for it once a batch.
#include "cuda_runner.h"

#include <string.h>

#include <chrono>
#include <utility>

#include "coded_failure.h"
#include "id_buffer.h"
#include "ort_api.h"

namespace bpb {

namespace {

using Clock = std::chrono::steady_clock;

// Where the parts of a transfer begin; all of it travels in one copy.
class Layout {
 public:
  // The offset of `count` items of `size` bytes, which are aligned to 16.
  size_t add(size_t count, size_t size) {
    const size_t offset = (bytes_ + 15) / 16 * 16;
    bytes_ = offset + count * size;
    return offset;
  }
  size_t bytes() const { return bytes_; }

 private:
  size_t bytes_ = 0;
};

struct Slot {
  explicit Slot(CudaDevice& device)
      : up(device, true),
        in(device, false),
        out(device, false),
        down(device, true),
        began(device),
        ran(device),
        scored_all(device) {}
  CudaMemory up, in, out, down;  // pinned, device, device, pinned
  // Offsets in `up` and `in`; `scored` is of positions where the graph takes them.
  size_t ids = 0, scored = 0, targets = 0, ends = 0;
  size_t totals = 0, flags = 0, nats = 0, size = 0;  // offsets in `out` and `down`
  CudaMoment began, ran, scored_all;  // before the model, between it and the scorer, after both
};

class CudaRunner : public BatchRunner {
 public:
  CudaRunner(bpb_session* session, CudaDevice& device, std::unique_ptr<StateRun> run)
      : session_(session),
        device_(device),
        run_(std::move(run)),
        slots_{Slot(device), Slot(device)} {}

  ~CudaRunner() override { settle(); }

  bool advance(Batch* next) override {
    Slot& free = slots_[turn_];
    const bool staged = next != nullptr && attempt(*next, [&] { stage(free, *next); });
    if (current_ != nullptr) attempt(*current_, [&] { device_.wait(); });
    const bool launched = staged && attempt(*next, [&] { launch(free, *next); });
    if (current_ != nullptr && current_->ok) {
      attempt(*current_, [&] { collect(slots_[1 - turn_], *current_); });
    }
    if (staged && !launched) settle();  // its upload is queued, and the slot will be used again
    current_ = launched ? next : nullptr;
    if (launched) turn_ = 1 - turn_;
    return launched;
  }

  void adapt(Batch& adapt_batch) override {
    if (!attempt(adapt_batch, [&] { run_adapt(slots_[turn_], adapt_batch); })) settle();
  }

 private:
  // Waits until no copy is in flight into memory that is about to be freed.
  void settle() {
    try {
      device_.wait();
    } catch (const CodedFailure&) {
      // The device is lost, and with it everything in flight.
    }
  }

  // Puts ids, positions, targets and spans where the device will find them.
  void stage(Slot& slot, const Batch& batch) {
    const ScoreRequest& request = batch.request;
    const int type = bpb_session_tokens_type(session_);
    Layout layout;
    slot.ids = layout.add(request.ids.size(), IdBuffer::size(type));
    const bool picks = !request.positions.empty();
    slot.scored = picks ? layout.add(request.positions.size(), sizeof(int64_t))
                        : layout.add(request.scored.size(), sizeof(uint32_t));
    slot.targets = layout.add(request.targets.size(), sizeof(int32_t));
    slot.ends = layout.add(request.span_ends.size(), sizeof(uint32_t));
    slot.up.reserve(layout.bytes());
    slot.in.reserve(layout.bytes());
    char* up = slot.up.data();
    place(up + slot.ids, request.ids, type);
    if (picks) {
      widen(up + slot.scored, request.positions);
    } else {
      copy(up + slot.scored, request.scored);
    }
    copy(up + slot.targets, request.targets);
    copy(up + slot.ends, request.span_ends);
    device_.upload(slot.in.data(), up, layout.bytes());

    Layout results;
    slot.totals = results.add(request.span_ends.size(), sizeof(int64_t));
    slot.flags = results.add(1, sizeof(bpb_cuda_flags));
    slot.nats = results.add(request.scored.size(), sizeof(float));
    slot.size = results.bytes();
    slot.out.reserve(slot.size);
    slot.down.reserve(slot.size);
  }

  // Queues the model, the scorer and the way back.
  void launch(Slot& slot, Batch& batch) {
    const ScoreRequest& request = batch.request;
    char *in = slot.in.data(), *out = slot.out.data();
    slot.began.mark();
    const bpb_logits logits = run(batch, in + slot.ids, in + slot.scored);
    slot.ran.mark();
    batch.result.vocabulary = logits.vocab;
    batch.result.type = logits.type;
    if (!check_targets(request, logits.vocab, &batch.error)) throw CodedFailure(batch.error);
    const bool picks = !request.positions.empty();
    const uint32_t* rows = reinterpret_cast<const uint32_t*>(in + slot.scored);
    const bpb_targets targets = {picks ? nullptr : rows,
                                 reinterpret_cast<const int32_t*>(in + slot.targets),
                                 request.scored.size(), request.softcap};
    const bpb_cuda_sums sums = {reinterpret_cast<const uint32_t*>(in + slot.ends),
                                request.span_ends.size(),
                                reinterpret_cast<int64_t*>(out + slot.totals),
                                reinterpret_cast<bpb_cuda_flags*>(out + slot.flags)};
    device_.clear(sums);
    device_.score(logits, targets, reinterpret_cast<float*>(out + slot.nats), sums);
    slot.scored_all.mark();
    const uint64_t before = device_.downloaded();
    device_.download(slot.down.data(), out, slot.size);
    batch.result.device_to_host_bytes = device_.downloaded() - before;
  }

  // Queues the model; `positions` are for a graph that takes them.
  bpb_logits run(Batch& batch, void* ids, void* positions) {
    const ScoreRequest& request = batch.request;
    if (batch.state != nullptr) {
      run_->run(*batch.state, {ids, request.time}, {}, batch.carry);
      return run_->logits(request.rows, request.time);
    }
    bpb_logits logits;
    const size_t count = request.positions.size();
    if (bpb_session_run_at(session_, ids, request.rows, request.time,
                           count > 0 ? positions : nullptr, count, &logits, &batch.error) != 0) {
      throw CodedFailure(batch.error);
    }
    return logits;
  }

  // Uploads and queues an adapt batch, and waits for it.
  void run_adapt(Slot& slot, Batch& adapt_batch) {
    const ScoreRequest& request = adapt_batch.request;
    const int tokens = run_->tokens_type(), targets = run_->targets_type();
    Layout layout;
    slot.ids = layout.add(request.ids.size(), IdBuffer::size(tokens));
    slot.targets = layout.add(request.targets.size(), IdBuffer::size(targets));
    slot.up.reserve(layout.bytes());
    slot.in.reserve(layout.bytes());
    char *up = slot.up.data(), *in = slot.in.data();
    place(up + slot.ids, request.ids, tokens);
    place(up + slot.targets, request.targets, targets);
    const auto start = Clock::now();
    device_.upload(in, up, layout.bytes());
    run_->run(*adapt_batch.state, {in + slot.ids, request.time},
              {in + slot.targets, request.targets.size() / request.rows}, adapt_batch.carry);
    device_.wait();
    adapt_batch.result.run_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  }

  // Reads the results that were copied back.
  void collect(const Slot& slot, Batch& batch) {
    const ScoreRequest& request = batch.request;
    ScoreResult& result = batch.result;
    const char* down = slot.down.data();
    const size_t count = request.scored.size(), spans = request.span_ends.size();
    bpb_cuda_flags flags;
    memcpy(&flags, down + slot.flags, sizeof(flags));
    if (flags.refused == UINT64_MAX && flags.overflow != UINT64_MAX) {
      BPB_FAIL(&batch.error, "BPB_OVERFLOW",
               "the sum of a span leaves int64 at scored position %llu",
               static_cast<unsigned long long>(flags.overflow));
      throw CodedFailure(batch.error);
    }
    const float* nats = reinterpret_cast<const float*>(down + slot.nats);
    result.nats.assign(nats, nats + count);
    const int64_t* totals = reinterpret_cast<const int64_t*>(down + slot.totals);
    result.totals.assign(totals, totals + spans);
    result.infinite = flags.infinite;
    if (flags.refused != UINT64_MAX) {
      result.refused = static_cast<int64_t>(flags.refused);
      result.infinite = 0;
      result.totals.assign(spans, 0);
    }
    // Model and scorer share the stream: only the device's clock can separate their times.
    result.run_seconds = slot.ran.since(slot.began);
    result.score_seconds = slot.scored_all.since(slot.ran);
  }

  static void place(char* to, const std::vector<int32_t>& ids, int type) {
    if (type == ort::kInt32) return copy(to, ids);
    widen(to, ids);
  }

  template <class T>
  static void widen(char* to, const std::vector<T>& from) {
    int64_t* wide = reinterpret_cast<int64_t*>(to);
    for (size_t i = 0; i < from.size(); i++) wide[i] = from[i];
  }

  template <class T>
  static void copy(char* to, const std::vector<T>& from) {
    if (!from.empty()) memcpy(to, from.data(), from.size() * sizeof(T));
  }

  bpb_session* session_;
  CudaDevice& device_;
  std::unique_ptr<StateRun> run_;
  Slot slots_[2];
  int turn_ = 0;              // the slot for the next batch
  Batch* current_ = nullptr;  // launched, not yet waited for; in the other slot
};

}  // namespace

std::unique_ptr<BatchRunner> make_cuda_runner(bpb_session* session, CudaDevice& device,
                                              std::unique_ptr<StateRun> run) {
  return std::make_unique<CudaRunner>(session, device, std::move(run));
}

}  // namespace bpb
