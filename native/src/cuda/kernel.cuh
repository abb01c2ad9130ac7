// The fused scorer: a persistent grid in which 8, 32 or 256 lanes share a row.
//
// A lane keeps its own (top, sum); nothing crosses lanes before the row's end. Each held vector is
// replaced by the next chunk's, or the next row's, as soon as it is used, so loads are in flight
// through the sums, the merge and the finish. Ends of rows wait in registers, one a lane, until 32 (or
// the group's 8) are there to be finished side by side.
#ifndef BPB_CUDA_KERNEL_CUH_
#define BPB_CUDA_KERNEL_CUH_

#include "finish.cuh"
#include "reader.cuh"

namespace bpb {
namespace cuda {

// The slowest tier among the lanes that share a row within this warp: a row's result must not
// depend on its neighbours.
template <class L, int kWidth>
__device__ __forceinline__ int shared_tier(int tier) {
  if constexpr (L::kTiers == 1) {
    return 0;
  } else if constexpr (kWidth == 32) {
    if (!__any_sync(kWarp, tier > 0)) return 0;
    return __any_sync(kWarp, tier > 1) ? 2 : 1;
  } else {
    for (int d = kWidth / 2; d > 0; d /= 2) tier = max(tier, __shfl_xor_sync(kWarp, tier, d));
    return tier;
  }
}

template <int kTier, class L, class Formula, class T, int kLanes>
__device__ __forceinline__ void consume(L& lane, const Formula& f, Reader<T, kLanes>& reader) {
#pragma unroll
  for (int k = 0; k < kHeld; ++k) {
    lane.template add<kTier>(f, reader.held[k], reader.rest > k * kLanes);
    reader.refill(k);
  }
}

// Merges the lanes of a row within a warp; every lane gets the row's (top, sum).
template <int kWidth, class L, class Formula>
__device__ __forceinline__ void merge(L& lane, const Formula& f) {
  float top = lane.top;
  if constexpr (L::kFlag && kWidth == 32) {
    top = __any_sync(kWarp, top > 0) ? 1 : 0;
  } else {
#pragma unroll
    for (int d = kWidth / 2; d > 0; d /= 2) top = fmaxf(top, __shfl_xor_sync(kWarp, top, d));
  }
  float sum = L::rescaled(f, lane.sum, lane.top, top);
#pragma unroll
  for (int d = kWidth / 2; d > 0; d /= 2) sum += __shfl_xor_sync(kWarp, sum, d);
  lane.top = top;
  lane.sum = sum;
}

template <class T, class Formula, int kLanes>
__global__ void __launch_bounds__(kBlock, kBlocksPerMultiprocessor)
    score_kernel(const __grid_constant__ Request q, const __grid_constant__ Formula f) {
  using L = Lane<T, Formula>;
  constexpr int kWidth = kLanes < 32 ? kLanes : 32;  // lanes of a row within a warp, rows it parks
  constexpr bool kWhole = kLanes == kBlock;          // the block shares a row
  const int index = threadIdx.x % kLanes, slot = threadIdx.x % kWidth;
  const uint32_t group = blockIdx.x * (kBlock / kLanes) + threadIdx.x / kLanes;
  const uint32_t leader = blockIdx.x * (kBlock / kLanes) + (threadIdx.x & ~31) / kLanes;
  const uint32_t rounds = q.schedule.rounds(kWhole ? group : leader);

  Reader<T, kLanes> reader;
  reader.fetch_ids(q, group, 0);
  reader.begin(q, index);
#pragma unroll
  for (int k = 0; k < kHeld; ++k) reader.held[k] = Vector{{0, 0, 0, 0}};
#pragma unroll
  for (int k = 0; k < kHeld; ++k) reader.refill(k);
  reader.fetch_ids(q, group, 1);

  float parked_top = 0, parked_sum = 0, parked_x = 0;
  // Where the warps of a row leave their parts; two sides, so that one barrier in 32 rows is enough.
  __shared__ float2 parts[kWhole ? 2 : 1][kWhole ? kWarps : 1][32];

  for (uint32_t round = 0; round < rounds; ++round) {
    L lane;
    lane.reset();
    if (!q.aligned) {
      if (reader.ends & 1) lane.single(f, T::scalar(reader.head_bits));
      if (reader.ends & 2) lane.single(f, T::scalar(reader.tail_bits));
    }
    const bool mine = round % kWidth == (uint32_t)slot;
    if (mine) parked_x = reader.valid ? T::scalar(reader.target_bits) : NAN;

    for (uint32_t chunk = 1; chunk <= q.chunks; ++chunk) {
      reader.advance();
      if (chunk == q.chunks) {
        reader.begin(q, index);
        reader.fetch_ids(q, group, round + 2);
      }
      lane.open(f, reader.held, reader.rest, kLanes);
      const int tier = shared_tier<L, kWidth>(lane.tier(f));
      if (tier == 0) consume<0>(lane, f, reader);
      if constexpr (L::kTiers == 3) {
        if (tier == 1) consume<1>(lane, f, reader);
        if (tier == 2) consume<2>(lane, f, reader);
      }
      lane.close();
    }
    merge<kWidth>(lane, f);
    const int side = kWhole ? round / 32 % 2 : 0;
    if (mine && kWhole) {
      parts[side][threadIdx.x / 32][slot] = make_float2(lane.top, lane.sum);
    } else if (mine) {
      parked_top = lane.top;
      parked_sum = lane.sum;
    }

    if (round % kWidth != kWidth - 1 && round + 1 != rounds) continue;
    if constexpr (kWhole) {
      __syncthreads();
      if (threadIdx.x >= 32) continue;
      parked_top = parts[side][0][slot].x;
      for (int w = 1; w < kWarps; ++w) parked_top = fmaxf(parked_top, parts[side][w][slot].x);
      parked_sum = 0;
      for (int w = 0; w < kWarps; ++w) {
        const float2 part = parts[side][w][slot];
        parked_sum += L::rescaled(f, part.y, part.x, parked_top);
      }
    }
    const uint32_t parked_round = round - round % kWidth + slot;
    const uint32_t position = q.schedule.position(group, parked_round);
    const bool here = parked_round <= round && position < q.schedule.count;
    const float nats = parked_x == parked_x ? L::nats(f, parked_top, parked_sum, parked_x) : NAN;
    finish(q, here, position, nats);
  }
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_KERNEL_CUH_
