// Prints, one JSON object a line, how far the emulated kernel is from the float64 reference in each
// group of the table, for every number of lanes and every model of the device's exp2. An argument is
// the seed of the logits.
#include <stdlib.h>

#include "emulate.h"

#include "../../native/bench/cases.h"

namespace {

struct Variant {
  const char* name;
  int lanes, model;
};

// The models of exp2 matter where sums are built, and all lanes build them alike.
constexpr Variant kVariants[] = {
    {"8 lanes", 8, 0},
    {"32 lanes", 32, 0},
    {"256 lanes", 256, 0},
    {"32 lanes, exp2 high by its worst error", 32, 1},
    {"32 lanes, exp2 scattered by its worst error", 32, 2},
};

}  // namespace

int main(int argc, char** argv) {
  const uint64_t seed = argc > 1 ? strtoull(argv[1], nullptr, 10) : 1;
  bench::run_cases(
      seed, sizeof kVariants / sizeof *kVariants,
      [](const bench::Batch& batch, double softcap, int variant) {
        rough_model = kVariants[variant].model;
        return emulation::nats_of(batch, softcap, kVariants[variant].lanes);
      },
      // No launch gives a long row to 8 lanes.
      [](const bench::Case& c, int variant) {
        return kVariants[variant].lanes > 8 || c.vocab <= 1024;
      },
      [](int variant, const bench::GroupResult& result) {
        puts(bench::json_of(result, kVariants[variant].name).c_str());
      });
}
