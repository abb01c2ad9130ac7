// What a lane loads and stores at once: a vector of 16 bytes, or one element.
#ifndef BPB_CUDA_OPERATORS_PIECE_CUH_
#define BPB_CUDA_OPERATORS_PIECE_CUH_

#include "../finish.cuh"
#include "../lane.h"
#include "../reader.cuh"
#include "arithmetic.h"

// The emulation counts what is stored.
#ifndef BPB_HOST_STORED
#define BPB_HOST_STORED(to, bytes)
#endif

namespace bpb {
namespace cuda {

// kCount elements of type T in the form they have in memory; kCount is T::kPerVector or 1. Loads are of memory
// that no kernel writes meanwhile, and are not kept in the L1. What is not loaded is zeros.
template <class T, int kCount>
struct Piece {
  static_assert(kCount == T::kPerVector, "a whole vector");
  Vector vector;

  __device__ __forceinline__ void load(const char* from, bool here) {
    vector = Vector{{0, 0, 0, 0}};
    bpb::cuda::load(vector, from, here);
  }
  __device__ __forceinline__ void unpack(float* x) const { bpb::cuda::unpack<T>(vector, x); }
  __device__ __forceinline__ void pack(const float* x) {
    BPB_UNROLL
    for (int w = 0; w < 4; ++w) {
      vector.word[w] = bpb::cuda::pack(T(), x + w * (T::kPerVector / 4));
    }
  }
  __device__ __forceinline__ void store(char* to, bool here) const {
    if (!here) return;
    BPB_HOST_STORED(to, sizeof(Vector));
    *(Vector*)to = vector;
  }
};

template <class T>
struct Piece<T, 1> {
  uint32_t bits;

  __device__ __forceinline__ void load(const char* from, bool here) {
    bits = here ? load_single<T>(from) : 0;
  }
  __device__ __forceinline__ void unpack(float* x) const { x[0] = T::scalar(bits); }
  __device__ __forceinline__ void pack(const float* x) {
    const float two[2] = {x[0], 0};
    bits = bpb::cuda::pack(T(), two);
  }
  __device__ __forceinline__ void store(char* to, bool here) const {
    if (!here) return;
    BPB_HOST_STORED(to, T::kSize);
    if (T::kSize == 4) {
      *(uint32_t*)to = bits;
    } else {
      *(uint16_t*)to = (uint16_t)bits;
    }
  }
};

// kCount floats of a table that stays in the caches: 1, or 2 or more that begin on a boundary of 8 or 16 bytes.
// Ones where there is no table.
template <int kCount>
__device__ __forceinline__ void load_table(const float* table, size_t at, bool here, float* x) {
  BPB_UNROLL
  for (int i = 0; i < kCount; ++i) x[i] = 1;
  if (!table || !here) return;
  if constexpr (kCount % 4 == 0) {
    BPB_UNROLL
    for (int i = 0; i < kCount; i += 4) {
      const float4 four = __ldg((const float4*)(table + at + i));
      x[i] = four.x, x[i + 1] = four.y, x[i + 2] = four.z, x[i + 3] = four.w;
    }
  } else if constexpr (kCount == 2) {
    const float2 two = __ldg((const float2*)(table + at));
    x[0] = two.x, x[1] = two.y;
  } else {
    x[0] = __ldg(table + at);
  }
}

// The sum over 2^n neighbours of a warp. Every lane gets it, from the same additions in the same order.
__device__ __forceinline__ float warp_sum_of(float x, uint32_t lanes) {
  for (uint32_t d = lanes / 2; d > 0; d /= 2) x += __shfl_xor_sync(kWarp, x, (int)d);
  return x;
}

// As warp_sum_of, or where more than 32 lanes share a row, over the block that they are.
__device__ __forceinline__ float group_sum(float x, uint32_t lanes) {
  if (lanes <= 32) return warp_sum_of(x, lanes);
  x = warp_sum_of(x, 32);
  __shared__ float parts[32];
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
  __syncthreads();
  float sum = 0;
  for (uint32_t w = 0; w < lanes / 32; ++w) sum += parts[w];
  return sum;
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_OPERATORS_PIECE_CUH_
