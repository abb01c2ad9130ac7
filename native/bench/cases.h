// The table of cases that every version of the scorer must pass, on the host and on a device: types,
// vocabularies, alignments, softcaps and extreme rows, each with its limits and why they are so.
#ifndef BPB_BENCH_CASES_H_
#define BPB_BENCH_CASES_H_

#include <stdio.h>

#include <string>

#include "reference.h"

namespace bench {

struct Case {
  std::string name;
  std::string group;  // type, softcap and fill: what one test reports
  bpb_type type;
  uint32_t rows, vocab;
  size_t padding, offset;
  Fill fill;
  double size, softcap;
  Limits limits;
  const char* reason;
};

inline const char* type_name(bpb_type type) {
  return type == BPB_FP32 ? "fp32" : type == BPB_FP16 ? "fp16" : "bf16";
}

struct Kind {
  const char* name;
  Fill fill;
  double size, softcap;
  bool few;  // a few vocabularies are enough
  Limits limits;
  const char* reason;
};

// An ulp is 2^-23 of the number's power of two, half of one the error of a rounding.
constexpr Limits kUsual = {1e-6, 4e-6, 0};
constexpr Limits kFar = {1e-6, 1e-5, 0};
constexpr Limits kLong = {1e-6, 4e-6, 0x1p-24};

constexpr Kind kKinds[] = {
    {"plain", Fill::kNormal, 3, 0, false, kUsual, "the scorer's own bound"},
    {"plain, wide", Fill::kNormal, 20, 0, true, kLong,
     "the bound, and the rounding of nats of up to 200 to fp32"},
    {"softcap 30", Fill::kNormal, 4, 30, false, kUsual, "the scorer's own bound"},
    {"softcap 30, wide", Fill::kNormal, 12, 30, true, kFar,
     "logits on both sides of the softcap: tanh through exp2, and its rounding times the cap"},
    {"softcap 30, far", Fill::kNormal, 100, 30, true, kFar, "far outside the softcap's range"},
    {"softcap 15", Fill::kNormal, 4, 15, true, kUsual, "the scorer's own bound"},
    {"softcap 75", Fill::kNormal, 10, 75, true, kFar,
     "exponents of up to 108 in powers of two, whose half ulp is 2.6e-6 nats"},
    {"softcap 1", Fill::kNormal, 2, 1, true, kUsual, "the scorer's own bound"},
    {"softcap 0.5", Fill::kNormal, 1, 0.5, true, kUsual, "the path with a maximum; small values"},
    {"softcap 100", Fill::kNormal, 12, 100, true, kFar,
     "the path with a maximum; capped logits of up to 60, whose half ulp is 1.9e-6, twice"},
    {"equal", Fill::kEqual, 5, 0, true, kUsual, "nats are log V"},
    {"equal, softcap 30", Fill::kEqual, 15, 30, true, kFar,
     "one error for all terms; through exp2 where the value is beyond the softcap"},
    {"spike at 88", Fill::kSpike, 2, 0, true, kLong, "nats of up to 97, rounded to fp32"},
    {"spike at 88, softcap 30", Fill::kSpike, 2, 30, true, kFar,
     "the spike is far outside the softcap's range"},
    {"holes at -inf", Fill::kHoles, 3, 0, true, kUsual, "-inf adds exactly nothing"},
    {"holes at -inf, softcap 30", Fill::kHoles, 3, 30, true, kFar, "-inf counts as -30"},
    {"denormals", Fill::kDenormal, 0, 0, true, kUsual,
     "nats are log V, whether they are flushed or not"},
    {"denormals, softcap 30", Fill::kDenormal, 0, 30, true, kUsual, "nats are log V"},
    {"about 1e8", Fill::kHuge, 0, 0, true, kLong, "distances are exact, nats rounded to fp32"},
    {"opposite ends", Fill::kOpposite, 3, 0, true, kLong, "nats beyond fp32 are infinite"},
    {"opposite ends, softcap 30", Fill::kOpposite, 3, 30, true, kFar, "far outside the range"},
    {"opposite ends, softcap 100", Fill::kOpposite, 3, 100, true, kFar,
     "the path with a maximum; capped at 100, whose half ulp is 3.8e-6"},
};

constexpr uint32_t kVocabularies[] = {2,    3,    7,    17,   64,    260,   511,
                                      1000, 1024, 4096, 8192, 50257, 131072};
constexpr uint32_t kFewVocabularies[] = {5, 260, 1024, 8193};

inline void add_cases(std::vector<Case>& cases, bpb_type type, const Kind& kind, uint32_t vocab) {
  const size_t last = (type == BPB_FP32 ? 4 : 8) - 1;
  // Offset and padding in elements: aligned rows, rows that wander over all alignments, one that
  // begins on the last element of a vector.
  const size_t places[][2] = {{0, 0}, {1, 1}, {last, vocab % 2 ? 2u : 3u}};
  for (const auto& place : places) {
    if (vocab > 100000 && place[0] == last) continue;
    const uint32_t rows = vocab > 16384 ? 2 : vocab > 1024 ? 6 : 24;
    Case c = {"",          std::string(type_name(type)) + ", " + kind.name,
              type,        rows,
              vocab,       place[1],
              place[0],    kind.fill,
              kind.size,   kind.softcap,
              kind.limits, kind.reason};
    c.name = c.group + ", V=" + std::to_string(vocab) + ", offset " + std::to_string(place[0]) +
             ", padding " + std::to_string(place[1]);
    cases.push_back(c);
  }
}

inline std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const bpb_type type : {BPB_FP32, BPB_FP16, BPB_BF16}) {
    for (const Kind& kind : kKinds) {
      if (kind.few) {
        for (const uint32_t vocab : kFewVocabularies) add_cases(cases, type, kind, vocab);
      } else {
        for (const uint32_t vocab : kVocabularies) add_cases(cases, type, kind, vocab);
      }
    }
  }
  return cases;
}

// How a version of the scorer did in the cases of one group.
struct GroupResult {
  std::string group, reason;
  Limits limits;
  Errors errors;
  std::string failed;  // the first case with a row beyond the limits, or ""

  bool ok() const { return failed.empty() && fabs(errors.mean()) <= limits.mean; }
};

// Scores every case on fresh logits: `score(batch, softcap, variant)` gives nats for each variant of
// 0..variants-1, `applies(case, variant)` says whether there is such a one. `done(variant, result)`
// hears of each group.
template <class Score, class Applies, class Done>
void run_cases(uint64_t seed, int variants, const Score& score, const Applies& applies,
               const Done& done) {
  const std::vector<Case> cases = all_cases();
  std::vector<GroupResult> results(variants);
  for (size_t i = 0; i < cases.size(); ++i) {
    const Case& c = cases[i];
    const Batch batch =
        make_batch(c.type, c.rows, c.vocab, c.padding, c.offset, c.fill, c.size, seed + i);
    std::vector<double> expected;
    for (uint32_t row = 0; row < c.rows; ++row) {
      expected.push_back(reference_nats(batch, row, batch.targets[row], c.softcap));
    }
    for (int variant = 0; variant < variants; ++variant) {
      GroupResult& result = results[variant];
      if (result.group != c.group) result = {c.group, c.reason, c.limits, {}, ""};
      if (applies(c, variant)) {
        const std::vector<float> nats = score(batch, c.softcap, variant);
        for (uint32_t row = 0; row < c.rows; ++row) {
          if (!result.errors.add(expected[row], nats[row], c.limits)) result.failed = c.name;
        }
      }
      const bool last = i + 1 == cases.size() || cases[i + 1].group != c.group;
      if (last && result.errors.rows > 0) done(variant, result);
    }
  }
}

// JSON has no word for infinities and NaN.
inline std::string json_number(double x) {
  char text[32];
  snprintf(text, sizeof text, "%.3g", x);
  return isfinite(x) ? text : "null";
}

// One JSON object.
inline std::string json_of(const GroupResult& result, const std::string& variant) {
  char text[1024];
  snprintf(text, sizeof text,
           "{\"group\":\"%s\",\"variant\":\"%s\",\"rows\":%zu,\"mean\":%s,\"worst\":%s,"
           "\"ok\":%s,\"failed\":\"%s\",\"reason\":\"%s\"}",
           result.group.c_str(), variant.c_str(), result.errors.rows,
           json_number(result.errors.mean()).c_str(), json_number(result.errors.worst).c_str(),
           result.ok() ? "true" : "false", result.failed.c_str(), result.reason.c_str());
  return text;
}

}  // namespace bench

#endif  // BPB_BENCH_CASES_H_
