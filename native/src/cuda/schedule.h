// How many lanes share a row, and which group of lanes scores which target in which round.
#ifndef BPB_CUDA_SCHEDULE_H_
#define BPB_CUDA_SCHEDULE_H_

#include "nll_math.h"

namespace bpb {
namespace cuda {

constexpr int kBlock = 256;  // threads
constexpr int kWarps = kBlock / 32;
// 64 registers a thread; 1024 threads a multiprocessor, with 64 KiB of loads in flight.
constexpr int kBlocksPerMultiprocessor = 4;

// Shares `count` targets among `groups` in tiles of 2^shift neighbours, one tile after the other.
struct Schedule {
  uint32_t count, groups, shift;

  // The target that a group scores in a round; `count` or more when it has none left.
  BPB_HD uint32_t position(uint32_t group, uint32_t round) const {
    const uint32_t within = round & ((1u << shift) - 1);
    return (((round >> shift) * groups + group) << shift) + within;
  }

  // Rounds that a group has a target in; no later group has more.
  BPB_HD uint32_t rounds(uint32_t group) const {
    const uint32_t tile = 1u << shift;
    const uint32_t full = (count >> shift) / groups;
    const uint32_t rest = count - ((full * groups) << shift);
    const uint32_t before = group << shift;
    const uint32_t partial = rest > before ? rest - before : 0;
    return full * tile + (partial < tile ? partial : tile);
  }
};

// Lanes that share a row: 8 for small vocabularies, the block for long rows too few to keep every
// warp busy with rows of its own, else a warp.
inline int lanes_for(uint32_t vocab, uint32_t count, int multiprocessors) {
  if (vocab <= 512) return 8;
  const uint32_t warps = multiprocessors * kBlocksPerMultiprocessor * kWarps;
  return vocab >= 4096 && count < 8 * warps ? kBlock : 32;
}

// As many blocks as run at once, or as there is work for; `blocks` is how many.
inline Schedule share(uint32_t count, int lanes, int multiprocessors, uint32_t* blocks) {
  const uint32_t per_block = kBlock / lanes;
  const uint32_t most = multiprocessors * kBlocksPerMultiprocessor;
  const uint32_t needed = (count + per_block - 1) / per_block;
  *blocks = needed < most ? needed : most;
  Schedule schedule = {count, *blocks * per_block, 0};
  // Neighbours to one group, so that their segments are mostly one and their nats lie together; but
  // only while every group still has 16 tiles, so that all end at about the same time.
  while (schedule.shift < 5 && count >> (schedule.shift + 1) >= 16 * schedule.groups) {
    ++schedule.shift;
  }
  return schedule;
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_SCHEDULE_H_
