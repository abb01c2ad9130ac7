// Reader of a lane's part of row after row: 16-byte loads, issued long before they are used.
#ifndef BPB_CUDA_READER_CUH_
#define BPB_CUDA_READER_CUH_

#include "request.h"

namespace bpb {
namespace cuda {

// Loads when `belongs`, else leaves `to` alone. Read once, so the L1 need not keep it. The predicate
// is spelled out, because a branch here would cost more than the load.
__device__ __forceinline__ void load(Vector& to, const char* from, bool belongs) {
#ifdef __CUDA_ARCH__
  asm volatile("{ .reg .pred p;\n"
               "  setp.ne.u32 p, %5, 0;\n"
               "  @p ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4]; }"
               : "+r"(to.word[0]), "+r"(to.word[1]), "+r"(to.word[2]), "+r"(to.word[3])
               : "l"(from), "r"((uint32_t)belongs));
#else
  if (belongs) memcpy(&to, from, sizeof to);
#endif
}

// One element, whose sector the row's own loads bring in at the same time.
template <class T>
__device__ __forceinline__ uint32_t load_single(const char* from) {
  if (T::kSize == 4) return __ldg((const uint32_t*)from);
  return __ldg((const uint16_t*)from);
}

// The state of one lane's reading: `held` is the open chunk, the next one arrives in its place.
template <class T, int kLanes>
struct Reader {
  Vector held[kHeld];
  int rest = 0;                // see lane.h, of the chunk in `held`
  const char* from = nullptr;  // the lane's first vector of the chunk to fetch
  int fetch_rest = 0;          // see lane.h, of the chunk to fetch
  uint32_t head_bits = 0, tail_bits = 0, target_bits = 0;
  uint32_t ends = 0;   // bit 0: a head logit is here, 1: a tail logit
  bool valid = false;  // the target is in the row

  // The row to begin next: its target's number, `count` or more for none, and its ids.
  uint32_t position = 0, row = 0;
  int32_t target = 0;

  // Fetches the ids of a round, one round before it begins.
  __device__ __forceinline__ void fetch_ids(const Request& q, uint32_t group, uint32_t round) {
    position = q.schedule.position(group, round);
    if (position >= q.schedule.count) return;
    target = __ldg(q.targets + position);
    row = q.rows ? __ldg(q.rows + position) : position;
  }

  // Points at a row and fetches its single logits; its vectors come by `refill`.
  __device__ __forceinline__ void begin(const Request& q, int lane) {
    fetch_rest = 0;
    ends = 0;
    if (position >= q.schedule.count) return;
    const char* const start = q.logits + row * q.row_bytes;
    valid = (uint32_t)target < q.vocab;
    if (valid) target_bits = load_single<T>(start + (size_t)(uint32_t)target * T::kSize);
    from = start + lane * sizeof(Vector);
    fetch_rest = (int)(q.vocab / T::kPerVector) - lane;
    if (q.aligned) return;
    const RowShape shape = row_shape<T>((uintptr_t)start, q.vocab);
    from += shape.head * T::kSize;
    fetch_rest = (int)shape.vectors - lane;
    if (lane < (int)shape.head) {
      head_bits = load_single<T>(start + lane * T::kSize);
      ends |= 1;
    }
    if (lane < (int)shape.tail) {
      tail_bits = load_single<T>(start + (q.vocab - shape.tail + lane) * T::kSize);
      ends |= 2;
    }
  }

  __device__ __forceinline__ void refill(int k) {
    load(held[k], from + k * (kLanes * sizeof(Vector)), fetch_rest > k * kLanes);
  }

  // The chunk that was fetched becomes the open one; points at the one after it.
  __device__ __forceinline__ void advance() {
    rest = fetch_rest;
    from += kHeld * kLanes * sizeof(Vector);
    fetch_rest -= kHeld * kLanes;
  }
};

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_READER_CUH_
