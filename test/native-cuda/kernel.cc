// Runs the very kernel on the CPU and prints, one JSON object a line, whether its nats are those of
// the emulated lanes to the last bit, and its totals and flags those of a plain loop.
#include "emulate.h"

// First, because the kernel is CUDA.
#include "fibers.h"

#include <string>

#include "../../native/bench/reference.h"
#include "../../native/src/cuda/kernel.cuh"

namespace {

using namespace bpb::cuda;

struct Job {
  const bench::Batch& batch;
  std::vector<uint32_t> rows;  // empty: target k is on row k
  std::vector<int32_t> targets;
  std::vector<uint32_t> ends;
  double softcap = 0;
};

struct Result {
  std::vector<float> nats;
  std::vector<int64_t> totals;
  bpb_cuda_flags flags = {0, UINT64_MAX, UINT64_MAX};
};

template <class T, class Formula, int kLanes>
void launch(Request q, const Formula& f, int multiprocessors) {
  const uint32_t blocks = complete<T>(q, kLanes, multiprocessors);
  fibers::launch(blocks, [&] { score_kernel<T, Formula, kLanes>(q, f); });
}

template <class T, class Formula>
void launch(const Request& q, const Formula& f, int lanes, int multiprocessors) {
  if (lanes == 8) launch<T, Formula, 8>(q, f, multiprocessors);
  if (lanes == 32) launch<T, Formula, 32>(q, f, multiprocessors);
  if (lanes == 256) launch<T, Formula, 256>(q, f, multiprocessors);
}

template <class T>
void launch(const Request& q, double softcap, int lanes, int multiprocessors) {
  if (softcap == 0) return launch<T>(q, Plain{}, lanes, multiprocessors);
  if (softcap <= FastCap::kMax) return launch<T>(q, make_fast_cap(softcap), lanes, multiprocessors);
  launch<T>(q, make_any_cap(softcap), lanes, multiprocessors);
}

Result run(const Job& job, int lanes, int multiprocessors) {
  const bench::Batch& batch = job.batch;
  // On a 16-byte boundary, as device memory is.
  std::vector<Vector> memory(batch.memory.size() / sizeof(Vector) + 1);
  memcpy(memory.data(), batch.memory.data(), batch.memory.size());
  Result result;
  result.nats.assign(job.targets.size(), -1);
  result.totals.assign(job.ends.size(), 0);
  Request q = {};
  q.logits = (const char*)memory.data() + batch.offset * batch.size();
  q.row_bytes = batch.stride * batch.size();
  q.rows = job.rows.empty() ? nullptr : job.rows.data();
  q.targets = job.targets.data();
  q.vocab = batch.vocab;
  q.schedule.count = (uint32_t)job.targets.size();
  q.nats = result.nats.data();
  q.span_ends = job.ends.data();
  q.spans = (uint32_t)job.ends.size();
  q.totals = result.totals.data();
  q.flags = &result.flags;
  if (batch.type == BPB_FP32) launch<Fp32>(q, job.softcap, lanes, multiprocessors);
  if (batch.type == BPB_FP16) launch<Fp16>(q, job.softcap, lanes, multiprocessors);
  if (batch.type == BPB_BF16) launch<Bf16>(q, job.softcap, lanes, multiprocessors);
  return result;
}

// What the kernel should give, by the emulated lanes and a loop.
Result expected(const Job& job, int lanes) {
  Result result;
  result.totals.assign(job.ends.size(), 0);
  for (uint32_t k = 0; k < job.targets.size(); ++k) {
    const uint32_t row = job.rows.empty() ? k : job.rows[k];
    const float nats = emulation::nats_of(job.batch, row, job.targets[k], job.softcap, lanes);
    result.nats.push_back(nats);
    int64_t q30 = 0;
    if (nearest_q30(nats, &q30)) {
      result.totals[span_of(job.ends.data(), (uint32_t)job.ends.size(), k)] += q30;
    } else if (nats == INFINITY) {
      ++result.flags.infinite;
    } else if (result.flags.refused == UINT64_MAX) {
      result.flags.refused = k;
    }
  }
  return result;
}

bool same(const Result& a, const Result& b) {
  for (size_t k = 0; k < a.nats.size(); ++k) {
    if (bpb::bits_of(a.nats[k]) != bpb::bits_of(b.nats[k]) &&
        !(a.nats[k] != a.nats[k] && b.nats[k] != b.nats[k])) {
      return false;
    }
  }
  return a.nats.size() == b.nats.size() && a.totals == b.totals &&
         a.flags.infinite == b.flags.infinite && a.flags.refused == b.flags.refused &&
         a.flags.overflow == b.flags.overflow;
}

Job make_job(const bench::Batch& batch, uint32_t count, bool list, double softcap, uint64_t seed) {
  Job job = {batch, {}, {}, {}, softcap};
  bench::Random random = {seed};
  for (uint32_t k = 0; k < count; ++k) {
    if (list) job.rows.push_back(random.below(batch.rows));
    job.targets.push_back((int32_t)random.below(batch.vocab));
    // Short spans, some of them empty, before a long one.
    while (k < count / 3 && random.below(4) == 0) job.ends.push_back(k);
  }
  job.ends.push_back(count);
  return job;
}

void report(const std::string& name, bool ok) {
  printf("{\"check\":\"%s\",\"ok\":%s,\"detail\":\"\"}\n", name.c_str(), ok ? "true" : "false");
}

// A batch of `count` rows on 1 multiprocessor: many rows a group, or none for some.
void check_kernel(bpb_type type, uint32_t vocab, size_t offset, size_t padding, uint32_t count,
                  bool list, double softcap, int lanes) {
  bench::Batch batch = bench::make_batch(type, count, vocab, padding, offset, bench::Fill::kNormal,
                                         8, vocab + count);
  // A few targets at -inf, and rows spoilt late, so that the first is known by number only.
  for (uint32_t row = 0; row < count; row += 7) batch.set(row, 1, -INFINITY);
  if (count > 40) batch.set(count - 5, vocab - 1, NAN);
  if (count > 40) batch.set(count - 3, 0, INFINITY);
  const Job job = make_job(batch, count, list, softcap, count);
  report(std::string(type == BPB_FP32   ? "fp32"
                     : type == BPB_FP16 ? "fp16"
                                        : "bf16") +
             ", V=" + std::to_string(vocab) + ", offset " + std::to_string(offset) + ", padding " +
             std::to_string(padding) + ", " + std::to_string(count) + " targets" +
             (list ? " on listed rows" : "") + ", softcap " + std::to_string((int)softcap) + ", " +
             std::to_string(lanes) + " lanes",
         same(run(job, lanes, 1), expected(job, lanes)));
}

void check_overflow() {
  bench::Batch far = bench::make_batch(BPB_FP32, 6, 64, 0, 0, bench::Fill::kNormal, 1, 1);
  for (uint32_t row = 0; row < 6; ++row) far.set(row, 0, row < 5 ? 4e9f : 1e11f);
  const Result sum = run({far, {0, 1, 2}, {1, 1, 1}, {3}, 0}, 8, 1);
  report("a total beyond int64 is flagged", sum.flags.overflow < 3);
  const Result fits = run({far, {0, 1, 2}, {1, 1, 1}, {1, 2, 3}, 0}, 8, 1);
  report("totals just within int64 are not", fits.flags.overflow == UINT64_MAX);
  const Result one = run({far, {0, 5}, {1, 1}, {1, 2}, 0}, 8, 1);
  report("nats beyond int64 are flagged", one.flags.overflow == 1);
  const Result outside = run({far, {0, 1}, {0, 64}, {2}, 0}, 8, 1);
  report("a target outside the row is flagged", outside.flags.refused == 1);
}

}  // namespace

int main() {
  for (const bpb_type type : {BPB_FP32, BPB_FP16, BPB_BF16}) {
    for (const double softcap : {0.0, 30.0, 100.0}) {
      // 8 lanes: 128 groups on one multiprocessor; more and fewer targets than groups.
      check_kernel(type, 2, 1, 0, 300, false, softcap, 8);
      check_kernel(type, 260, 1, 1, 1500, true, softcap, 8);
      check_kernel(type, 512, 0, 0, 77, false, softcap, 8);
      // 32 lanes: 32 groups.
      check_kernel(type, 1024, 0, 0, 1100, true, softcap, 32);
      check_kernel(type, 1030, 3, 1, 333, false, softcap, 32);
      check_kernel(type, 700, 1, 2, 5, false, softcap, 32);
      // 256 lanes: 4 groups; more than 32 rows a group, so that both sides of the parts are used.
      check_kernel(type, 4099, 1, 0, 300, true, softcap, 256);
      check_kernel(type, 9000, 0, 0, 3, false, softcap, 256);
    }
  }
  check_overflow();
}
