// Operators of the domain `bpb`: what each computes, as arguments that the CPU's and the GPU's kernels share.
//
// `--optimize` writes them into a model in memory (src/onnx/optimize/); no file may name the domain. Matrices are
// row-major and without gaps unless a stride says otherwise. Arithmetic is fp32 whatever `type` is; a value is
// rounded once, to nearest even, where it is stored. Tables, factors and gains are fp32 in every type.
// Widths and head sizes are any; no pointer need be aligned beyond its element. Outputs never overlap inputs.
#ifndef BPB_OPERATORS_H_
#define BPB_OPERATORS_H_

#include <stddef.h>
#include <stdint.h>

#include "../nll.h"

#ifdef __cplusplus
extern "C" {
#endif

// Name of the domain, and its version.
#define BPB_OPERATOR_DOMAIN "bpb"
#define BPB_OPERATOR_VERSION 1

#define BPB_SUM_TERMS 4

// SumNorm: a weighted sum of up to four activations and its RMS norm.
//
//   first = sum_{i < first_terms} factor_i * x_i
//   sum   = carry * first + sum_{i >= first_terms} factor_i * x_i
//   norm  = gain * sum / sqrt(mean(sum^2) + epsilon)      (RMS norm: Zhang and Sennrich 2019, arXiv:1910.07467)
//
// The norm is of the sum before it is rounded. With first_terms 0 there is no `first`.
typedef struct bpb_sum_norm {
  bpb_type type;       // of x, first, sum and norm
  size_t rows, width;  // of each of them
  int terms;           // 1 to BPB_SUM_TERMS
  int first_terms;     // 0 to terms
  const void* x[BPB_SUM_TERMS];
  const float* factor[BPB_SUM_TERMS];  // [width] each; null for 1
  const float* carry;                  // [width]; null for 1
  const float* gain;                   // [width]; null for 1
  float epsilon;
  void *first, *sum, *norm;  // null where not wanted
} bpb_sum_norm;

// SplitNormRotary: a product's columns as queries, keys and values; queries and keys with RMS norm, gain and
// rotary embedding (Su et al. 2021, arXiv:2104.09864), each head by itself.
//
// A row of x holds q_heads, then k_heads, then v_heads heads of head_size elements. For a head z of q or k:
//   z = gain * z / sqrt(mean(z^2) + epsilon)     with a norm; gain * z without
//   (a, b) = (a cos - b sin, a sin + b cos)       for the pairs of its first rotary_size elements:
//            (z_j, z_{j + rotary_size/2}), or (z_{2j}, z_{2j+1}) where interleaved, with cos and sin
//            [position, j]
// Values are copied.
typedef struct bpb_split_norm_rotary {
  bpb_type type;  // of x, q, k and v
  size_t rows;    // of x
  size_t time;    // the position of a row is its index modulo time
  const int64_t*
      positions;  // [rows], in the memory of x: the index to take in place of the row's; or null
  int q_heads, k_heads, v_heads;  // any but not all may be 0
  int head_size;
  int rotary_size;  // even, at most head_size; 0: no rotation
  int interleaved;
  int q_norm, k_norm;  // 1: with RMS norm
  float epsilon;
  const void* x;                 // [rows, (q_heads + k_heads + v_heads) * head_size]
  const float *cos, *sin;        // [at least time, rotary_size / 2]
  const float *q_gain, *k_gain;  // [heads * head_size]; null for 1
  void *q, *k, *v;               // [rows, heads * head_size]; null where there are no such heads
} bpb_split_norm_rotary;

// SquaredRelu: y = max(x, slope * x)^2 with 0 <= slope < 1; slope 0 is relu(x)^2 (So et al. 2021,
// arXiv:2109.08668). A NaN stays one.
typedef struct bpb_squared_relu {
  bpb_type type;
  size_t count;  // elements
  float slope;
  const void* x;
  void* y;
} bpb_squared_relu;

// SwiGlu: y = gate / (1 + exp(-gate)) * up (Shazeer 2020, arXiv:2002.05202).
typedef struct bpb_swiglu {
  bpb_type type;
  size_t rows, width;
  size_t gate_stride,
      up_stride;  // elements from one row to the next: both may be halves of one matrix
  const void *gate, *up;
  void* y;  // [rows, width]
} bpb_swiglu;

// CausalAttention: y = softmax(scale * q k^T) v, where a query reads the keys up to its own position (Vaswani et al.
// 2017, arXiv:1706.03762); on the CPU, in fp32. Query head j reads key head j / (q_heads / kv_heads).
typedef struct bpb_causal_attention {
  size_t rows, time;      // of k and v, and of q without positions
  int q_heads, kv_heads;  // the first a multiple of the second
  int head_size;
  float scale;
  const int64_t*
      positions;   // [count]: query i stands at row positions[i] / time, place positions[i] % time
  size_t count;    // queries: rows * time without positions
  const float* q;  // [count, q_heads * head_size]
  const float *k, *v;  // [rows, time, kv_heads * head_size]
  float* y;            // as q
} bpb_causal_attention;

#define BPB_PRODUCT_TERMS 2

// Product: a matrix product with constant weights, and what can be computed while its rows are read and written.
// On the CPU, in fp32.
//
//   z = gain * x / sqrt(mean(x^2) + epsilon)     with a norm; x without
//   p = z weights + bias
//   p = max(p, slope * p)^2                      with squared_relu
//   y = factor * p + sum_i added_factor_i * added_i
//
// On CPUs with AMX a value is the sum of three bf16 numbers, and a product six products of such parts, added in
// fp32 (Henry, Tang and Heinecke 2019, arXiv:1904.06376). With u = 2^-24 and S = sum_k |z_k| |weights_k|,
//
//   |error of z weights| <= (inner / 24 + 24) * u * S
//
// as long as no value or part is below 2^-126, which counts as 0, and no value is above 3.389e38, which counts as
// infinite. An infinity or a NaN that an output depends on makes it infinite or NaN. The bits of a row depend on
// that row alone.
typedef struct bpb_product {
  size_t rows, inner, width;  // x is [rows, inner], y and added [rows, width]
  const float* x;
  const void* weights;  // as the kernel packs them (cpu/product.h)
  int norm;
  float epsilon;
  const float* gain;  // [inner], with a norm; null for 1
  const float* bias;  // [width]; null for 0
  int squared_relu;
  float slope;          // in [0, 1)
  const float* factor;  // [width]; null for 1
  const float* added[BPB_PRODUCT_TERMS];
  const float* added_factor[BPB_PRODUCT_TERMS];  // [width] each; null for 1
  float* y;
} bpb_product;

#ifdef __cplusplus
}
#endif

#endif  // BPB_OPERATORS_H_
