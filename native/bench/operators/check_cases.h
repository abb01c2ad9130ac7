// The table of cases of every operator: run anywhere by what is given, judged, and summed up by group.
#ifndef BPB_BENCH_OPERATORS_CHECK_CASES_H_
#define BPB_BENCH_OPERATORS_CHECK_CASES_H_

#include <stdio.h>

#include "elementwise_case.h"
#include "split_norm_rotary_case.h"
#include "sum_norm_case.h"

namespace bench {

inline const char* values_name(Values values) {
  switch (values) {
    case Values::kNormal: return "normal";
    case Values::kSpecial: return "NaN and infinities";
    case Values::kDenormal: return "denormal";
    case Values::kHuge: return "huge";
  }
  return "";
}

// Runs a case at every place: `run(call)` computes its outputs in host memory. Prints one JSON object for each kind of
// values; returns how many were wrong. Twice with other bytes under the outputs, so that one not written shows.
template <class Case, class Run>
int check_group(const char* name, const char* type, const std::vector<Case>& cases, uint64_t seed,
                const Run& run) {
  int failures = 0;
  for (const Values values :
       {Values::kNormal, Values::kSpecial, Values::kDenormal, Values::kHuge}) {
    std::string wrong;
    size_t count = 0;
    for (size_t i = 0; i < cases.size(); ++i) {
      // Other values than normal ones need not meet every shape, nor every alignment.
      if (values != Values::kNormal && i % 4 != (size_t)values) continue;
      for (const size_t skip : {(size_t)0, (size_t)1 + i % 3}) {
        for (const uint8_t poison : {(uint8_t)0xff, (uint8_t)0x33}) {
          if (poison == 0x33 && (values != Values::kNormal || i % 3 > 0)) continue;
          auto call = make_call(cases[i], Place{skip, poison, values, seed + i});
          std::string found = run(call);
          if (found.empty()) found = call.wrong();
          if (found.empty()) found = call.guards();
          ++count;
          if (wrong.empty() && !found.empty()) {
            wrong = name_of(cases[i]) + ", from element " + std::to_string(skip) + ": " + found;
          }
        }
      }
    }
    printf("{\"check\":\"%s, %s, %s\",\"cases\":%zu,\"ok\":%s,\"detail\":\"%s\"}\n", name, type,
           values_name(values), count, wrong.empty() ? "true" : "false", wrong.c_str());
    failures += !wrong.empty();
  }
  return failures;
}

template <class Run>
int check_operators(uint64_t seed, const Run& run) {
  int failures = 0;
  for (const bpb_type type : {BPB_FP32, BPB_FP16, BPB_BF16}) {
    const char* name = type == BPB_FP32 ? "fp32" : type == BPB_FP16 ? "fp16" : "bf16";
    failures += check_group("SumNorm", name, sum_norm_cases(type), seed, run);
    failures += check_group("SplitNormRotary", name, rotary_cases(type), seed, run);
    failures += check_group("SquaredRelu", name, relu_cases(type), seed, run);
    failures += check_group("SwiGlu", name, glu_cases(type), seed, run);
  }
  return failures;
}

}  // namespace bench

#endif  // BPB_BENCH_OPERATORS_CHECK_CASES_H_
