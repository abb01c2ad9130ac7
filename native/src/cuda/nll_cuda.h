// The CUDA scorer (C interface of libbpb_cuda): nats of targets from logits in device memory.
//
//   nats = log(sum_j exp(x_j - max)) + (max - x_target),   x_j := c tanh(x_j / c) with a softcap c
//
// The library carries its own CUDA runtime and loads on any machine; without a driver or a device
// bpb_cuda_open says so. Every function but open and close only queues work on the given stream
// (a cudaStream_t, null for the default one) and returns; nothing is read back or waited for.
// A scorer may be used from several threads.
#ifndef BPB_NLL_CUDA_H_
#define BPB_NLL_CUDA_H_

#include <stddef.h>
#include <stdint.h>

#include "../error.h"
#include "../nll.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BPB_CUDA_ABI 3

#ifndef BPB_CUDA_API
#define BPB_CUDA_API __attribute__((visibility("default")))
#endif

typedef struct bpb_cuda_scorer bpb_cuda_scorer;

typedef struct bpb_cuda_device {
  char name[256];
  int major, minor;  // compute capability
  int multiprocessors;
  int driver;   // highest CUDA version of the driver, 13000 for 13.0
  int runtime;  // CUDA version of this library
  uint64_t memory_bytes;
} bpb_cuda_device;

// Counters of a run of batches in addition to the totals; in device memory.
typedef struct bpb_cuda_flags {
  uint64_t infinite;  // targets at +inf nats
  uint64_t refused;   // smallest k with NaN nats, else UINT64_MAX; also of a target outside the row
  uint64_t overflow;  // smallest k whose addition left int64, else UINT64_MAX
} bpb_cuda_flags;

// Where results go; all in device memory. Totals are added to, never cleared, by a score.
typedef struct bpb_cuda_sums {
  const uint32_t* span_ends;  // [spans], ascending, the last one is the count of targets
  size_t spans;               // 0: no totals, and then flags->overflow stays
  int64_t* totals;            // [spans], multiples of 2^-30 nats, nearest even
  bpb_cuda_flags* flags;
} bpb_cuda_sums;

// BPB_CUDA_ABI of the library.
BPB_CUDA_API int bpb_cuda_abi(void);

// Number of devices; 0 with `error` filled (BPB_CUDA_DRIVER) when there is no usable driver.
BPB_CUDA_API int bpb_cuda_device_count(bpb_error* error);

// Null with `error` filled: BPB_CUDA_DRIVER (none, or too old for this library), BPB_CUDA_DEVICE (no
// such device, or one for which the library holds no code), BPB_CUDA_RUN (anything else).
BPB_CUDA_API bpb_cuda_scorer* bpb_cuda_open(int device, bpb_error* error);
BPB_CUDA_API void bpb_cuda_close(bpb_cuda_scorer* scorer);
BPB_CUDA_API const bpb_cuda_device* bpb_cuda_describe(const bpb_cuda_scorer* scorer);

// Queues zeros into the totals and "nothing found" into the flags. 0, or -1 with `error` filled.
BPB_CUDA_API int bpb_cuda_clear(const bpb_cuda_scorer* scorer, const bpb_cuda_sums* sums,
                                void* stream, bpb_error* error);

// Queues the score: nats[0..count) written, totals and flags added to. The pointers in `logits`
// (location BPB_CUDA), `targets` and `sums` and `nats` are device pointers; logits may have any
// alignment of their type and any stride >= vocab. The caller has checked `rows` (each < logits->rows);
// a target outside [0, vocab) gets NaN and is flagged. 2 <= vocab <= 2^24, count < 2^31.
// nats: NaN exactly when the raw row holds a NaN or +inf, or nothing but -inf; +inf when the target's
// value is -inf or the distance is beyond fp32; with a softcap as little as -2e-6 by rounding.
// 0, or -1 with `error` filled: BPB_CUDA_ARGUMENT, BPB_CUDA_RUN.
BPB_CUDA_API int bpb_cuda_score(const bpb_cuda_scorer* scorer, const bpb_logits* logits,
                                const bpb_targets* targets, float* nats, const bpb_cuda_sums* sums,
                                void* stream, bpb_error* error);

#ifdef __cplusplus
}
#endif

#endif  // BPB_NLL_CUDA_H_
