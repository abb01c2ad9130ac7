// What is wrong with the arguments of an operator, before anything is launched.
#ifndef BPB_CUDA_OPERATORS_MISTAKES_H_
#define BPB_CUDA_OPERATORS_MISTAKES_H_

#include "layout.h"

namespace bpb {
namespace cuda {

constexpr size_t kMostRows = (size_t)1 << 31;

// Of pointers and a size: the mistake that more than one operator can have, or null.
inline const char* mistake_of_type(bpb_type type) {
  if (type == BPB_FP32 || type == BPB_FP16 || type == BPB_BF16) return nullptr;
  return "the type is not fp32, fp16 or bf16";
}

inline bool aligned(const void* at, size_t size) { return (uintptr_t)at % size == 0; }

// Written so that NaN is a mistake too.
inline bool is_epsilon(float x) { return x >= 0 && x <= FLT_MAX; }

inline const char* mistake(const bpb_sum_norm& a) {
  if (const char* what = mistake_of_type(a.type)) return what;
  const size_t size = element_size(a.type);
  if (a.rows >= kMostRows || a.width >= kMostRows) return "2^31 rows or columns or more";
  if (a.terms < 1 || a.terms > BPB_SUM_TERMS) return "the number of terms is not within [1, 4]";
  if (a.first_terms < 0 || a.first_terms > a.terms) return "first_terms is not within [0, terms]";
  if (!is_epsilon(a.epsilon)) return "epsilon is not finite, or is negative";
  if (a.first && a.first_terms == 0) return "`first` is wanted of no terms";
  if (!a.first && !a.sum && !a.norm) return "no output is wanted";
  if (!aligned(a.first, size) || !aligned(a.sum, size) || !aligned(a.norm, size)) {
    return "an output is not aligned to its type";
  }
  if (!aligned(a.carry, 4) || !aligned(a.gain, 4)) return "carry or gain is not aligned to fp32";
  for (int i = 0; i < a.terms; ++i) {
    if (a.rows > 0 && a.width > 0 && !a.x[i]) return "a term is a null pointer";
    if (!aligned(a.x[i], size)) return "a term is not aligned to its type";
    if (!aligned(a.factor[i], 4)) return "a factor is not aligned to fp32";
  }
  return nullptr;
}

inline const char* mistake(const bpb_split_norm_rotary& a) {
  if (const char* what = mistake_of_type(a.type)) return what;
  const size_t size = element_size(a.type);
  if (a.q_heads < 0 || a.k_heads < 0 || a.v_heads < 0) return "a negative number of heads";
  const size_t heads = (size_t)a.q_heads + (size_t)a.k_heads + (size_t)a.v_heads;
  if (heads == 0 || heads > 65536) return "the number of heads is not within [1, 65536]";
  if (a.head_size < 1 || a.head_size > 65536) return "the head size is not within [1, 65536]";
  if (a.rotary_size < 0 || a.rotary_size > a.head_size || a.rotary_size % 2 != 0) {
    return "the rotary size is odd, or not within [0, head size]";
  }
  if (a.rows >= kMostRows || a.rows * heads >= kMostRows) return "2^31 heads or more in all rows";
  if (a.rotary_size > 0 && (a.time < 1 || a.time >= kMostRows)) {
    return "time is not within [1, 2^31)";
  }
  if (!is_epsilon(a.epsilon)) return "epsilon is not finite, or is negative";
  if (!aligned(a.x, size) || !aligned(a.q, size) || !aligned(a.k, size) || !aligned(a.v, size)) {
    return "the input or an output is not aligned to its type";
  }
  if (!aligned(a.cos, 4) || !aligned(a.sin, 4) || !aligned(a.q_gain, 4) || !aligned(a.k_gain, 4)) {
    return "a table or a gain is not aligned to fp32";
  }
  if (!aligned(a.positions, 8)) return "the positions are not aligned to int64";
  if (a.rows == 0) return nullptr;
  if (!a.x || (a.q_heads > 0 && !a.q) || (a.k_heads > 0 && !a.k) || (a.v_heads > 0 && !a.v)) {
    return "a null pointer";
  }
  if (a.rotary_size > 0 && (!a.cos || !a.sin)) return "a rotation without its tables";
  return nullptr;
}

inline const char* mistake(const bpb_squared_relu& a) {
  if (const char* what = mistake_of_type(a.type)) return what;
  const size_t size = element_size(a.type);
  if (!(a.slope >= 0 && a.slope < 1)) return "the slope is not within [0, 1)";
  if (a.count >= (size_t)1 << 41) return "2^41 elements or more";
  if (!aligned(a.x, size) || !aligned(a.y, size)) return "a pointer is not aligned to its type";
  return a.count > 0 && (!a.x || !a.y) ? "a null pointer" : nullptr;
}

inline const char* mistake(const bpb_swiglu& a) {
  if (const char* what = mistake_of_type(a.type)) return what;
  const size_t size = element_size(a.type);
  if (a.rows >= kMostRows || a.width >= (size_t)1 << 30) return "2^31 rows or 2^30 columns or more";
  if (a.gate_stride < a.width || a.up_stride < a.width) return "a stride is less than the width";
  if (a.gate_stride >= (size_t)1 << 40 || a.up_stride >= (size_t)1 << 40) {
    return "a stride of 2^40 or more";
  }
  if (!aligned(a.gate, size) || !aligned(a.up, size) || !aligned(a.y, size)) {
    return "a pointer is not aligned to its type";
  }
  return a.rows > 0 && a.width > 0 && (!a.gate || !a.up || !a.y) ? "a null pointer" : nullptr;
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_OPERATORS_MISTAKES_H_
