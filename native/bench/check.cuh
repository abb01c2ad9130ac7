// Correctness on a device: the table of cases for every version, then the sums and flags of the C
// interface. Prints JSON objects, one a line; the caller counts the failures.
#ifndef BPB_BENCH_CHECK_CUH_
#define BPB_BENCH_CHECK_CUH_

#include "cases.h"
#include "versions.cuh"

namespace bench {

inline std::vector<float> score_on_device(const Version& version, const Batch& batch,
                                          double softcap, int multiprocessors) {
  const Buffer<uint8_t> memory(batch.memory);
  const Buffer<int32_t> targets(batch.targets);
  Buffer<float> nats(batch.rows);
  Buffer<bpb_cuda_flags> flags(1);
  nats.poison();
  flags.poison();
  const Job job = {(const char*)memory.get() + batch.offset * batch.size(),
                   batch.type,
                   batch.stride,
                   batch.rows,
                   batch.vocab,
                   targets.get(),
                   softcap,
                   nats.get(),
                   flags.get()};
  launch_version(version, job, multiprocessors);
  return nats.read();
}

inline int check_cases(uint64_t seed, int multiprocessors) {
  int failures = 0;
  run_cases(
      seed, sizeof kVersions / sizeof *kVersions,
      [&](const Batch& batch, double softcap, int variant) {
        return score_on_device(kVersions[variant], batch, softcap, multiprocessors);
      },
      [](const Case& c, int variant) {
        const size_t size = c.type == BPB_FP32 ? 4 : 2;
        const bool aligned = (c.offset | c.padding | c.vocab) * size % 16 == 0;
        return kVersions[variant].applies(c.vocab, aligned);
      },
      [&](int variant, const GroupResult& result) {
        puts(json_of(result, kVersions[variant].name).c_str());
        // The first versions use the C library's functions and are no measure of correctness.
        if (kVersions[variant].lanes >= 0 && !result.ok()) ++failures;
      });
  return failures;
}

// The C interface on one batch with spans, a list of rows, infinite targets and spoilt rows.
struct Interface {
  bpb_cuda_scorer* scorer;
  bpb_error error = {};

  int fail(const char* what) {
    printf("{\"check\":\"%s\",\"ok\":false,\"detail\":\"%s\"}\n", what, error.message);
    return 1;
  }

  struct Result {
    std::vector<float> nats;
    std::vector<int64_t> totals;
    bpb_cuda_flags flags;
  };

  bool score(const Batch& batch, const std::vector<uint32_t>& rows,
             const std::vector<int32_t>& targets, const std::vector<uint32_t>& ends,
             Result* result) {
    const Buffer<uint8_t> memory(batch.memory);
    const Buffer<uint32_t> row_list(rows), span_ends(ends);
    const Buffer<int32_t> target_list(targets);
    Buffer<float> nats(rows.size());
    Buffer<int64_t> totals(ends.size());
    Buffer<bpb_cuda_flags> flags(1);
    nats.poison();
    totals.poison();
    flags.poison();
    const bpb_logits logits = {memory.get() + batch.offset * batch.size(),
                               batch.type,
                               BPB_CUDA,
                               batch.rows,
                               batch.vocab,
                               batch.stride};
    const bpb_targets wanted = {row_list.get(), target_list.get(), rows.size(), 0};
    const bpb_cuda_sums sums = {span_ends.get(), ends.size(), totals.get(), flags.get()};
    if (bpb_cuda_clear(scorer, &sums, nullptr, &error) ||
        bpb_cuda_score(scorer, &logits, &wanted, nats.get(), &sums, nullptr, &error)) {
      return false;
    }
    *result = {nats.read(), totals.read(), flags.read()[0]};
    return true;
  }

  int check(uint64_t seed) {
    Batch batch = make_batch(BPB_FP16, 5000, 260, 3, 1, Fill::kNormal, 3, seed);
    Random random = {seed};
    std::vector<uint32_t> rows, ends;
    std::vector<int32_t> targets;
    for (uint32_t k = 0; k < 20011; ++k) {
      rows.push_back(random.below(batch.rows));
      targets.push_back((int32_t)random.below(batch.vocab));
      // Many short spans, some empty, then a long one.
      while (k < 4000 && random.below(3) == 0) ends.push_back(k);
    }
    ends.push_back(20011);
    for (uint32_t row = 0; row < batch.rows; row += 97) batch.set(row, 5, -INFINITY);

    Result first, second;
    if (!score(batch, rows, targets, ends, &first)) return fail("spans");
    if (!score(batch, rows, targets, ends, &second)) return fail("spans");
    std::vector<int64_t> totals(ends.size(), 0);
    uint64_t infinite = 0;
    bool right = true;
    for (uint32_t k = 0; k < rows.size(); ++k) {
      Errors errors;
      right = right && errors.add(reference_nats(batch, rows[k], targets[k], 0), first.nats[k],
                                  {1, 4e-6, 0});
      int64_t q30 = 0;
      if (nearest_q30(first.nats[k], &q30)) {
        totals[span_of(ends.data(), (uint32_t)ends.size(), k)] += q30;
      }
      infinite += first.nats[k] == INFINITY;
    }
    int failures = 0;
    const auto report = [&](const char* name, bool ok) {
      printf("{\"check\":\"%s\",\"ok\":%s,\"detail\":\"\"}\n", name, ok ? "true" : "false");
      failures += !ok;
    };
    report("nats of listed rows", right);
    report("totals of spans, to the last bit", totals == first.totals);
    report("infinite targets are counted", infinite > 0 && infinite == first.flags.infinite);
    report("a clean batch flags nothing",
           first.flags.refused == UINT64_MAX && first.flags.overflow == UINT64_MAX);
    report("a second run is equal to the last bit",
           first.totals == second.totals &&
               memcmp(first.nats.data(), second.nats.data(), rows.size() * 4) == 0);

    batch.set(rows[777], 200, NAN);
    targets[15000] = 260;
    if (!score(batch, rows, targets, ends, &second)) return fail("refusals");
    uint32_t bad = 0;
    while (rows[bad] != rows[777]) ++bad;
    report("the first NaN row is flagged", second.flags.refused == bad);
    report("a target outside the row is NaN", second.nats[15000] != second.nats[15000]);

    Batch far = make_batch(BPB_FP32, 4, 64, 0, 0, Fill::kNormal, 1, seed);
    for (uint32_t row = 0; row < 4; ++row) far.set(row, 0, 4e9f);
    if (!score(far, {0, 1, 2, 3}, {1, 1, 1, 1}, {4}, &second)) return fail("overflow");
    report("a total beyond int64 is flagged", second.flags.overflow < 4);
    return failures;
  }
};

}  // namespace bench

#endif  // BPB_BENCH_CHECK_CUH_
