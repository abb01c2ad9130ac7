// Enough of CUDA's device side to run a kernel on the CPU: every thread of a block is a fiber, warp
// functions and barriers wait until all of their threads have arrived, blocks run one after another.
// A warp whose threads wait at different places, or for ever, is a bug of the kernel: it aborts.
#ifndef BPB_TEST_FIBERS_H_
#define BPB_TEST_FIBERS_H_

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <functional>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__
#define __shared__ static  // blocks run one after another

struct float2 {
  float x, y;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
struct float4 {
  float x, y, z, w;
};

struct Index {
  uint32_t x;
};
inline Index threadIdx, blockIdx;
inline const Index blockDim = {256};

namespace fibers {

constexpr int kThreads = 256;  // at most, and unless said otherwise
constexpr size_t kStack = 128 << 10;

struct Fiber {
  jmp_buf place;
  ucontext_t first;
  std::vector<char> stack = std::vector<char>(kStack);
  bool started = false, done = false;
  uint64_t arrivals[2] = {0, 0};  // at warp functions, at block barriers
  int site = 0;                   // the last warp function
  uint64_t value = 0;             // what it was given
};

inline Fiber fiber[kThreads];
inline jmp_buf scheduler;
inline int current = 0, threads = kThreads;
inline const std::function<void()>* body;

inline void leave() {
  if (_setjmp(fiber[current].place) == 0) _longjmp(scheduler, 1);
}

inline void enter() {
  (*body)();
  fiber[current].done = true;
  _longjmp(scheduler, 1);
}

[[noreturn]] inline void give_up(const char* what) {
  fprintf(stderr, "thread %d of block %u: %s\n", current, blockIdx.x, what);
  abort();
}

// Waits until threads [first, first + count) have arrived as often as this one.
inline void arrive(int first, int count, bool block, int site) {
  Fiber& me = fiber[current];
  if (!block) me.site = site;
  const uint64_t turn = ++me.arrivals[block];
  for (int i = first; i < first + count; ++i) {
    while (fiber[i].arrivals[block] < turn) {
      if (fiber[i].done) give_up("waits for a thread that has ended");
      leave();
    }
    if (!block && fiber[i].arrivals[0] == turn && fiber[i].site != site) {
      give_up("waits elsewhere than another of its warp");
    }
  }
}

// Gives `value` to the warp and returns what thread `from(lane)` gave.
template <class Use>
inline void exchange(uint64_t value, int site, const Use& use) {
  const int first = current / 32 * 32;
  fiber[current].value = value;
  arrive(first, 32, false, site);
  use(&fiber[first], current - first);
  arrive(first, 32, false, -site);  // before anyone gives the next value
}

// Runs the fiber until it waits or ends. No local lives across the jumps.
inline void resume() {
  if (_setjmp(scheduler) != 0) return;
  Fiber& f = fiber[current];
  if (f.started) _longjmp(f.place, 1);
  f.started = true;
  getcontext(&f.first);
  f.first.uc_stack.ss_sp = f.stack.data();
  f.first.uc_stack.ss_size = kStack;
  makecontext(&f.first, enter, 0);
  setcontext(&f.first);
}

// Runs `blocks` blocks of `each` threads, whole warps.
inline void launch(uint32_t blocks, const std::function<void()>& kernel, int each = kThreads) {
  body = &kernel;
  threads = each;
  for (blockIdx.x = 0; blockIdx.x < blocks; ++blockIdx.x) {
    for (Fiber& f : fiber) {
      f.started = f.done = false;
      f.arrivals[0] = f.arrivals[1] = 0;
    }
    uint64_t before = UINT64_MAX;
    for (int left = threads; left > 0;) {
      uint64_t progress = 0;
      left = 0;
      for (int i = 0; i < threads; ++i) {
        current = i;
        threadIdx.x = (uint32_t)i;
        if (!fiber[i].done) resume();
        left += !fiber[i].done;
        progress += fiber[i].arrivals[0] + fiber[i].arrivals[1] + fiber[i].done;
      }
      if (left > 0 && progress == before) give_up("and all others wait for ever");
      before = progress;
    }
  }
}

}  // namespace fibers

template <class Value>
inline Value __shfl_sync(uint32_t, Value value, int from) {
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof value);
  fibers::exchange(bits, 1, [&](const fibers::Fiber* warp, int) {
    memcpy(&value, &warp[from].value, sizeof value);
  });
  return value;
}

template <class Value>
inline Value __shfl_xor_sync(uint32_t mask, Value value, int distance) {
  return __shfl_sync(mask, value, (fibers::current % 32) ^ distance);
}

inline uint32_t __ballot_sync(uint32_t, bool yes) {
  uint32_t votes = 0;
  fibers::exchange(yes, 2, [&](const fibers::Fiber* warp, int) {
    for (int i = 0; i < 32; ++i) votes |= (uint32_t)warp[i].value << i;
  });
  return votes;
}

inline bool __any_sync(uint32_t mask, bool yes) { return __ballot_sync(mask, yes) != 0; }
inline void __syncthreads() { fibers::arrive(0, fibers::threads, true, 3); }

template <class Value>
inline Value __ldg(const Value* from) {
  return *from;
}
inline int __ffs(uint32_t x) { return __builtin_ffs((int)x); }
inline int __popc(uint32_t x) { return __builtin_popcount(x); }
inline int max(int a, int b) { return a > b ? a : b; }

inline unsigned long long atomicAdd(unsigned long long* at, unsigned long long x) {
  const unsigned long long before = *at;
  *at += x;
  return before;
}
inline unsigned long long atomicMin(unsigned long long* at, unsigned long long x) {
  const unsigned long long before = *at;
  if (x < before) *at = x;
  return before;
}

#endif  // BPB_TEST_FIBERS_H_
