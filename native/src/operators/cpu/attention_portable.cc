// Causal attention for one instruction set: portable.
#include "attention.h"
#include "kernels_isa.h"
#include "lanes_portable.h"

namespace {

struct AttentionPortable : Portable {
  static constexpr int kRows = 4;

  static Vec above(Vec limit, Vec key, Vec x, Vec otherwise) {
    const Int4 mask = limit > key;
    return (Vec)((mask & (Int4)x) | (~mask & (Int4)otherwise));
  }
  static Vec madd_above(Vec limit, Vec key, Vec a, Vec b, Vec c) {
    return above(limit, key, madd(a, b, c), c);
  }
  static Vec power_of_two(Vec n) { return (Vec)((Int4)n << 23); }
  static void transpose(Vec (&x)[W]) {
    const Vec a = x[0], b = x[1], c = x[2], d = x[3];
    for (size_t i = 0; i < W; i++) x[i] = Vec{a[i], b[i], c[i], d[i]};
  }
};

}  // namespace

namespace bpb {
namespace cpu {

BPB_ATTENTION_KERNELS(portable, AttentionPortable)

}  // namespace cpu
}  // namespace bpb
