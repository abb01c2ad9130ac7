// Prints, one JSON object a line, yes-or-no checks of the CUDA scorer's host-compiled parts: what is
// refused, how rows and targets are shared out, and the conversions.
#include "emulate.h"

#include <stdio.h>

#include <string>

#include "../../native/bench/reference.h"
#include "../../native/src/cuda/schedule.h"
#include "../../native/src/fixed_point.h"

namespace {

using namespace bpb::cuda;

void report(const std::string& name, bool ok, const std::string& detail = "") {
  printf("{\"check\":\"%s\",\"ok\":%s,\"detail\":\"%s\"}\n", name.c_str(), ok ? "true" : "false",
         detail.c_str());
}

// Nats of row 0 for every type, softcap path and number of lanes, judged against float64. `spoil`
// changes a batch of moderate logits; V = 75 from offset 1 has a head, vectors and a tail.
template <class Spoil>
void check_row(const std::string& name, const Spoil& spoil) {
  std::string wrong;
  for (const bpb_type type : {BPB_FP32, BPB_FP16, BPB_BF16}) {
    for (const double softcap : {0.0, 30.0, 100.0}) {
      for (const int lanes : {8, 32, 256}) {
        bench::Batch batch = bench::make_batch(type, 1, 75, 0, 1, bench::Fill::kNormal, 3, 7);
        spoil(batch);
        const double want = bench::reference_nats(batch, 0, batch.targets[0], softcap);
        const float got = emulation::nats_of(batch, softcap, lanes)[0];
        bench::Errors errors;
        if (!errors.add(want, got, {1, 1e-5, 0x1p-24})) {
          wrong = "type " + std::to_string(type) + ", softcap " + std::to_string(softcap) + ", " +
                  std::to_string(lanes) + " lanes: " + std::to_string(got) + ", not " +
                  std::to_string(want);
        }
      }
    }
  }
  report(name, wrong.empty(), wrong);
}

void check_refusals() {
  // Elements of the head, of the first and last vectors, and of the tail.
  for (const uint32_t i : {0u, 10u, 68u, 74u}) {
    const std::string at = " at " + std::to_string(i);
    check_row("NaN" + at + " is NaN", [=](bench::Batch& b) { b.set(0, i, NAN); });
    check_row("+inf" + at + " is NaN", [=](bench::Batch& b) { b.set(0, i, INFINITY); });
    check_row("+inf as the target" + at + " is NaN", [=](bench::Batch& b) {
      b.set(0, i, INFINITY);
      b.targets[0] = (int32_t)i;
    });
    check_row("-inf as the target" + at + " is +inf, or -c", [=](bench::Batch& b) {
      b.set(0, i, -INFINITY);
      b.targets[0] = (int32_t)i;
    });
    check_row("all but " + std::to_string(i) + " at -inf", [=](bench::Batch& b) {
      for (uint32_t j = 0; j < 75; ++j) b.set(0, j, j == i ? -5.0f : -INFINITY);
      b.targets[0] = (int32_t)i;
    });
  }
  check_row("nothing but -inf is NaN", [](bench::Batch& b) {
    for (uint32_t j = 0; j < 75; ++j) b.set(0, j, -INFINITY);
  });
  check_row("NaN among -inf is NaN", [](bench::Batch& b) {
    for (uint32_t j = 0; j < 75; ++j) b.set(0, j, j == 20 ? NAN : -INFINITY);
  });
  check_row("the lowest finite values are finite", [](bench::Batch& b) {
    const float lowest = b.type == BPB_FP32 ? -FLT_MAX : b.type == BPB_FP16 ? -65504.0f : -3.38e38f;
    for (uint32_t j = 0; j < 75; ++j) b.set(0, j, lowest);
  });
  bench::Batch b = bench::make_batch(BPB_FP32, 1, 75, 0, 0, bench::Fill::kNormal, 3, 7);
  bool outside = true;
  for (const int32_t target : {-1, 75, INT32_MIN, INT32_MAX}) {
    b.targets[0] = target;
    const float got = emulation::nats_of(b, 0, 32)[0];
    outside = outside && got != got;
  }
  report("a target outside the row is NaN", outside);
}

template <class T>
bool covered(uint32_t vocab, uint32_t address) {
  const RowShape row = row_shape<T>(address, vocab);
  const bool whole = row.head + row.vectors * T::kPerVector + row.tail == vocab;
  const bool aligned = row.vectors == 0 || (address + row.head * T::kSize) % 16 == 0;
  bool chunks = true;
  for (const uint32_t lanes : {8u, 32u, 256u}) {
    chunks = chunks && row_chunks<T>(vocab, lanes) * lanes * kHeld >= row.vectors;
  }
  return whole && aligned && chunks && row.head < 8 && row.tail < 8;
}

void check_shares() {
  bool rows = true;
  for (uint32_t vocab = 1; vocab < 3000; ++vocab) {
    for (uint32_t address = 0; address < 16; address += 2) {
      rows = rows && covered<Fp16>(vocab, address);
      if (address % 4 == 0) rows = rows && covered<Fp32>(vocab, address);
    }
  }
  report("head, vectors and tail are the row, at every alignment", rows);

  std::string wrong;
  for (const uint32_t count : {1u, 7u, 32u, 33u, 1000u, 4096u, 65536u, 200003u}) {
    for (const int multiprocessors : {1, 13, 132}) {
      for (const int lanes : {8, 32, 256}) {
        uint32_t blocks;
        const Schedule s = share(count, lanes, multiprocessors, &blocks);
        std::vector<uint8_t> times(count, 0);
        uint32_t before = UINT32_MAX, most = 0;
        bool ordered = blocks <= (uint32_t)multiprocessors * kBlocksPerMultiprocessor;
        for (uint32_t group = 0; group < s.groups; ++group) {
          const uint32_t rounds = s.rounds(group);
          ordered = ordered && rounds <= before;
          before = rounds;
          most = rounds > most ? rounds : most;
          for (uint32_t round = 0; round < rounds + 2; ++round) {
            const uint32_t position = s.position(group, round);
            ordered = ordered && (position < count) == (round < rounds);
            if (position < count) ++times[position];
          }
        }
        for (const uint8_t n : times) ordered = ordered && n == 1;
        ordered = ordered && before + 1 >= most;
        if (!ordered)
          wrong = std::to_string(count) + " targets, " + std::to_string(lanes) + " lanes";
      }
    }
  }
  report("every target has one group and one round", wrong.empty(), wrong);
}

// A number from its fields (IEEE 754: a sign, an exponent of `exponent` bits, a fraction).
double by_definition(uint32_t bits, int exponent) {
  const int fraction = 15 - exponent, bias = (1 << (exponent - 1)) - 1;
  const int e = (int)(bits >> fraction) & ((1 << exponent) - 1);
  const double f = ldexp((double)(bits & ((1u << fraction) - 1)), -fraction);
  double size = ldexp(e == 0 ? f : 1 + f, (e == 0 ? 1 : e) - bias);
  if (e == (1 << exponent) - 1) size = f == 0 ? INFINITY : NAN;
  return bits & 0x8000 ? -size : size;
}

void check_conversions() {
  bool halves = true, bfloats = true;
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const double a = by_definition(bits, 5), b = by_definition(bits, 8);
    const float half = Fp16::scalar(bits), bfloat = Bf16::scalar(bits);
    halves = halves && (a != a ? half != half : half == a && bpb::half_of(half) == bits);
    bfloats =
        bfloats && (b != b ? bfloat != bfloat : bfloat == b && bpb::bfloat_of(bfloat) == bits);
  }
  report("all fp16 values convert exactly", halves);
  report("all bf16 values convert exactly", bfloats);

  bool fixed = true;
  bench::Random random = {3};
  const auto same = [](float nats) {
    int64_t here = 0, there = 0;
    const bool fits = nearest_q30(nats, &here);
    return fits == bpb::to_q30(nats, &there) && here == there;
  };
  for (int i = 0; i < 1000000; ++i) fixed = fixed && same(bpb::float_of((uint32_t)random.bits()));
  for (int i = -64; i <= 64; ++i) fixed = fixed && same((float)i * 0x1p-31f);  // ties
  for (const float x : {NAN, INFINITY, -INFINITY, 0x1p33f, -0x1p33f}) fixed = fixed && same(x);
  report("fixed point is the CPU scorer's, ties and limits included", fixed);

  const uint32_t ends[] = {0, 3, 3, 4, 10, 10};
  const uint32_t want[] = {1, 1, 1, 3, 4, 4, 4, 4, 4, 4};
  bool spans = true;
  for (uint32_t k = 0; k < 10; ++k) spans = spans && span_of(ends, 6, k) == want[k];
  report("a target finds its span among empty ones", spans);
}

}  // namespace

int main() {
  check_refusals();
  check_shares();
  check_conversions();
}
