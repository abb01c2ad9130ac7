// Schedule of the scorer: lanes that share a row, and the targets of each group of lanes by round.
#ifndef BPB_CUDA_SCHEDULE_H_
#define BPB_CUDA_SCHEDULE_H_

#include "nll_math.h"

namespace bpb {
namespace cuda {

constexpr int kBlock = 256;  // threads
constexpr int kWarps = kBlock / 32;
// 64 registers a thread; 1024 threads a multiprocessor, with 64 KiB of loads in flight.
constexpr int kBlocksPerMultiprocessor = 4;

// Shares `count` targets among `groups`: first tiles of 2^shift neighbours to each, so that their
// spans are mostly one and their nats lie together, then what is left one by one, so that no group
// has over one target more than another.
struct Schedule {
  uint32_t count, groups, shift;
  uint32_t tiled;  // rounds that go by tiles

  // The target that a group scores in a round; `count` or more when it has none left.
  BPB_HD uint32_t position(uint32_t group, uint32_t round) const {
    if (round >= tiled) return round * groups + group;
    return (((round >> shift) * groups + group) << shift) + (round & ((1u << shift) - 1));
  }

  // Rounds that a group has a target in; no later group has more.
  BPB_HD uint32_t rounds(uint32_t group) const {
    return group < count ? (count - group - 1) / groups + 1 : 0;
  }
};

// Lanes that share a row, by the vocabulary alone: were it by the number of rows, too, the last bits
// of a row's nats would depend on its batch.
inline int lanes_for(uint32_t vocab) { return vocab <= 512 ? 8 : vocab < 32768 ? 32 : kBlock; }

// At most as many blocks as run at once, `blocks`, and no more than all of them need to end together.
inline Schedule share(uint32_t count, int lanes, int multiprocessors, uint32_t* blocks) {
  const uint32_t per_block = kBlock / lanes;
  const uint32_t most = multiprocessors * kBlocksPerMultiprocessor * per_block;
  const uint32_t rounds = (count + most - 1) / most;
  const uint32_t needed = (count + rounds - 1) / rounds;
  *blocks = (needed + per_block - 1) / per_block;
  Schedule schedule = {count, *blocks * per_block, 0, 0};
  const uint32_t each = count / schedule.groups;
  while (schedule.shift < 5 && 2u << schedule.shift <= each) ++schedule.shift;
  schedule.tiled = each >> schedule.shift << schedule.shift;
  return schedule;
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_SCHEDULE_H_
