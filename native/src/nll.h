// Nats of targets from raw logits on the CPU (C interface).
//
//   nats = log(sum_j exp(x_j - max)) + (max - x_target),   x_j := c tanh(x_j / c) with a softcap c
//
// fp32 lanes, sums carried on in double every few hundred terms, the last log in double, the result
// rounded to fp32. The row is read twice: once for its maximum, once (from the cache) for the sum.
// nats is NaN exactly when the raw row holds a NaN or +inf, or nothing but -inf; it is +inf when the
// target's logit is -inf, or the distance is beyond fp32.
#ifndef BPB_NLL_H_
#define BPB_NLL_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Numbers as ONNX numbers them.
typedef enum bpb_type { BPB_FP32 = 1, BPB_FP16 = 10, BPB_BF16 = 16 } bpb_type;

typedef enum bpb_location { BPB_CPU = 0, BPB_CUDA = 1 } bpb_location;

// A matrix of raw logits; any alignment.
typedef struct bpb_logits {
  const void* data;
  bpb_type type;
  bpb_location location;
  size_t rows;
  size_t vocab;
  size_t row_stride;  // elements from one row to the next, >= vocab
} bpb_logits;

// What to score: target `targets[k]` on row `rows[k]`, or on row k when `rows` is null.
// The caller has checked every index.
typedef struct bpb_targets {
  const uint32_t* rows;
  const int32_t* targets;
  size_t count;
  double softcap;  // 0 for none, else within [1e-6, 1e6]
} bpb_targets;

typedef enum bpb_isa { BPB_PORTABLE = 0, BPB_AVX2 = 1, BPB_AVX512 = 2 } bpb_isa;

#define BPB_SOFTCAP_MIN 1e-6
#define BPB_SOFTCAP_MAX 1e6

// The best instruction set that this CPU and this build have.
bpb_isa bpb_best_isa(void);
const char* bpb_isa_name(bpb_isa isa);

// Bytes of one element.
size_t bpb_type_size(bpb_type type);

// Writes `nats[0..count)`. `isa` must not be beyond bpb_best_isa().
void bpb_nll(bpb_isa isa, const bpb_logits* logits, const bpb_targets* targets, float* nats);

// Reads every byte with the widest loads and returns a checksum: the bench's limit of comparison.
uint64_t bpb_read(bpb_isa isa, const void* data, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif  // BPB_NLL_H_
