// The kernel laboratory: `bpb_lab device`, `check [SEED]`, `time [GIB]` of the scorer, `check-operators [SEED]`
// and `time-operators`. What is timed has been
// checked before, on logits that are fresh each time. Prints JSON, an object a line. Exits 0 when all
// is right, 1 when something is wrong, 2 on wrong usage, 4 without a device.
#include <time.h>

#include "../src/cuda/operators/operators_cuda.cu"
#include "../src/nll_cuda.cu"
#include "check.cuh"
#include "measure.cuh"
#include "operators/measure.cuh"

static void describe(const bpb_cuda_device& about) {
  printf("{\"kind\":\"device\",\"name\":\"%s\",\"major\":%d,\"minor\":%d,\"multiprocessors\":%d,"
         "\"memory_bytes\":%llu,\"driver\":%d,\"runtime\":%d}\n",
         about.name, about.major, about.minor, about.multiprocessors,
         (unsigned long long)about.memory_bytes, about.driver, about.runtime);
}

int main(int argc, char** argv) {
  bpb_error error = {};
  bpb_cuda_scorer* scorer = bpb_cuda_open(0, &error);
  if (!scorer) {
    fprintf(stderr, "%s: %s\n", error.code, error.message);
    return 4;
  }
  const bpb_cuda_device about = *bpb_cuda_describe(scorer);
  const char* verb = argc > 1 ? argv[1] : "";
  if (strcmp(verb, "device") == 0) {
    describe(about);
    return 0;
  }
  if (strcmp(verb, "check") == 0) {
    const uint64_t seed = argc > 2 ? strtoull(argv[2], nullptr, 10) : (uint64_t)time(nullptr);
    fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
    int failures = bench::check_cases(seed, about.multiprocessors);
    failures += bench::Interface{scorer}.check(seed);
    fprintf(stderr, "%d failed\n", failures);
    return failures > 0;
  }
  if (strcmp(verb, "time") == 0) {
    const double gib = argc > 2 ? strtod(argv[2], nullptr) : 1;
    if (!(gib >= 0.25 && gib <= 64)) {
      fprintf(stderr, "GIB is not within [0.25, 64]\n");
      return 2;
    }
    describe(about);
    return bench::measure_all(gib, about.multiprocessors) > 0;
  }
  if (strcmp(verb, "check-operators") == 0) {
    const uint64_t seed = argc > 2 ? strtoull(argv[2], nullptr, 10) : (uint64_t)time(nullptr);
    fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
    const int failures =
        bench::check_operators(seed, [](auto& call) { return bench::run_on_device(call); });
    fprintf(stderr, "%d failed\n", failures);
    return failures > 0;
  }
  if (strcmp(verb, "time-operators") == 0) {
    describe(about);
    bench::measure_operators(about.multiprocessors);
    return 0;
  }
  fprintf(stderr, "usage: bpb_lab device | check [SEED] | time [GIB] | check-operators [SEED] | "
                  "time-operators\n");
  return 2;
}
