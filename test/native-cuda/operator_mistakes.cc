// Prints, one JSON object a line, whether every wrong argument of an operator is refused in words, and whether the
// operators' rounding is that of the reference for every 16-bit number and between each two.
#include <stdio.h>

#include "../../native/bench/operators/tensor.h"
#include "../../native/src/cuda/operators/arithmetic.h"
#include "../../native/src/cuda/operators/mistakes.h"
#include "../../native/src/cuda/operators/split_norm_rotary.h"

namespace {

using namespace bpb::cuda;

void report(const std::string& name, bool ok, const std::string& detail = "") {
  printf("{\"check\":\"%s\",\"ok\":%s,\"detail\":\"%s\"}\n", name.c_str(), ok ? "true" : "false",
         detail.c_str());
}

// `spoil` makes right arguments wrong; the refusal has the word.
template <class Arguments, class Spoil>
void refused(const std::string& name, Arguments a, const char* word, const Spoil& spoil) {
  const bool right = mistake(a) == nullptr;
  spoil(a);
  const char* what = mistake(a);
  report(name + " is refused", right && what && strstr(what, word), what ? what : "nothing said");
}

alignas(16) float memory[64];
const float* const odd = (const float*)((const char*)memory + 1);

void check_sum_norm() {
  bpb_sum_norm a = {};
  a.type = BPB_FP16;
  a.rows = 2, a.width = 8, a.terms = 2, a.first_terms = 1;
  a.x[0] = a.x[1] = memory;
  a.first = a.sum = a.norm = memory + 32;
  using A = bpb_sum_norm;
  refused("an unknown type", a, "type", [](A& b) { b.type = (bpb_type)11; });
  refused("no term", a, "terms", [](A& b) { b.terms = 0; });
  refused("a fifth term", a, "terms", [](A& b) { b.terms = 5; });
  refused("more first terms than terms", a, "first_terms", [](A& b) { b.first_terms = 3; });
  refused("a null term", a, "null", [](A& b) { b.x[1] = nullptr; });
  refused("`first` of no terms", a, "first", [](A& b) { b.first_terms = 0; });
  refused("no output", a, "output", [](A& b) { b.first = b.sum = b.norm = nullptr; });
  refused("an epsilon of NaN", a, "epsilon", [](A& b) { b.epsilon = NAN; });
  refused("a negative epsilon", a, "epsilon", [](A& b) { b.epsilon = -1; });
  refused("2^31 rows", a, "2^31", [](A& b) { b.rows = (size_t)1 << 31; });
  refused("a term between elements", a, "aligned", [](A& b) { b.x[0] = odd; });
  refused("an output between elements", a, "aligned", [](A& b) { b.norm = (void*)odd; });
  refused("a gain between elements", a, "aligned", [](A& b) { b.gain = odd; });
  refused("a factor between elements", a, "aligned", [](A& b) { b.factor[1] = odd; });
}

void check_rotary() {
  bpb_split_norm_rotary a = {};
  a.type = BPB_FP32;
  a.rows = 2, a.time = 2;
  a.q_heads = a.k_heads = a.v_heads = 1;
  a.head_size = a.rotary_size = 4;
  a.x = a.cos = a.sin = memory;
  a.q = a.k = a.v = memory + 32;
  using A = bpb_split_norm_rotary;
  refused("an odd rotary size", a, "rotary", [](A& b) { b.rotary_size = 3; });
  refused("a rotary size beyond the head", a, "rotary", [](A& b) { b.rotary_size = 6; });
  refused("a rotation without a table", a, "tables", [](A& b) { b.sin = nullptr; });
  refused("a rotation without time", a, "time", [](A& b) { b.time = 0; });
  refused("a head of nothing", a, "head size", [](A& b) { b.head_size = b.rotary_size = 0; });
  refused("no head", a, "heads", [](A& b) { b.q_heads = b.k_heads = b.v_heads = 0; });
  refused("a negative number of heads", a, "heads", [](A& b) { b.k_heads = -1; });
  refused("too many heads", a, "2^31", [](A& b) { b.rows = (size_t)1 << 30; });
  refused("heads without an output", a, "null", [](A& b) { b.k = nullptr; });
  refused("positions between elements", a, "int64",
          [](A& b) { b.positions = (const int64_t*)(memory + 1); });
  refused("a table between elements", a, "aligned", [](A& b) { b.cos = odd; });
}

void check_elementwise() {
  const bpb_squared_relu relu = {BPB_BF16, 4, 0, memory, memory + 32};
  using Relu = bpb_squared_relu;
  refused("a slope of 1", relu, "slope", [](Relu& b) { b.slope = 1; });
  refused("a negative slope", relu, "slope", [](Relu& b) { b.slope = -0.5f; });
  refused("a slope of NaN", relu, "slope", [](Relu& b) { b.slope = NAN; });
  refused("elements without memory", relu, "null", [](Relu& b) { b.y = nullptr; });
  const bpb_swiglu glu = {BPB_FP16, 2, 4, 8, 8, memory, memory + 2, memory + 32};
  using Glu = bpb_swiglu;
  refused("a stride below the width", glu, "stride", [](Glu& b) { b.up_stride = 3; });
  refused("a gate between elements", glu, "aligned", [](Glu& b) { b.gate = odd; });
  refused("rows without memory", glu, "null", [](Glu& b) { b.up = nullptr; });
  bpb_swiglu none = glu;
  none.rows = 0, none.gate = none.up = nullptr, none.y = nullptr;
  report("no rows need no memory", mistake(none) == nullptr);
}

// Each number of a 16-bit type, and the fp32 numbers at, below and above the middle to the next one.
template <class T>
bool rounds(bpb_type type) {
  bool ok = true;
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float x = T::scalar(bits), next = T::scalar((bits + 1) & 0xffff);
    const float middle = (float)(0.5 * ((double)x + (double)next));
    for (const float y : {x, middle, nextafterf(middle, INFINITY), nextafterf(middle, -INFINITY)}) {
      const float pair[2] = {y, -y};
      float back[2];
      T::unpack(pack(T(), pair), back);
      const float want = bench::rounded(type, y);
      ok = ok && (y == y ? back[0] == want && back[1] == -want : back[0] != back[0]);
    }
  }
  return ok;
}

// Quotients at both ends of every multiple, over divisors of every size.
bool divides() {
  bool ok = true;
  bench::Random random = {5};
  for (uint32_t i = 1; i < 20000; ++i) {
    const uint32_t divisor = i < 5000 ? i : 1 + (random.below(0x7fffffff) >> random.below(31));
    const Divider divider = divide_by(divisor);
    for (int k = 0; k < 20; ++k) {
      const uint32_t near = random.below(0x80000000u) / divisor * divisor;
      for (const uint32_t x : {near, near > 0 ? near - 1 : 0, 0x7fffffffu, random.below(4096)}) {
        ok = ok && divider.quotient(x) == x / divisor && divider.rest(x) == x % divisor;
      }
    }
  }
  return ok;
}

// Lanes hold every element of a head once, and both of a pair together.
bool shares() {
  bool ok = true;
  for (uint32_t size = 8; size <= 256; size += 8) {
    for (const bool interleaved : {false, true}) {
      for (uint32_t turning = 0; turning <= size; turning += interleaved ? 8 : 16) {
        std::vector<int> lane_of(size, -1);
        for (uint32_t lane = 0; lane < (size / 8 + 1) / 2; ++lane) {
          const Share at = share_of(lane, size, turning / 2, interleaved, 8);
          for (const uint32_t start : {at.a, at.b}) {
            for (uint32_t i = start; i < start + 8 && start < size; ++i) {
              ok = ok && i < size && lane_of[i] < 0;
              if (i < size) lane_of[i] = (int)lane;
            }
          }
        }
        for (const int lane : lane_of) ok = ok && lane >= 0;
        for (uint32_t j = 0; j < turning / 2 && !interleaved; ++j) {
          ok = ok && lane_of[j] == lane_of[j + turning / 2];
        }
      }
    }
  }
  return ok;
}

}  // namespace

int main() {
  check_sum_norm();
  check_rotary();
  check_elementwise();
  report("division by a product is right", divides());
  report("both elements of a pair are in one lane", shares());
  report("fp16 is rounded to nearest even, and to infinity", rounds<Fp16>(BPB_FP16));
  report("bf16 is rounded to nearest even, and to infinity", rounds<Bf16>(BPB_BF16));
}
