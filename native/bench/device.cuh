// Device memory, events and errors for the laboratory: any CUDA failure ends it with its place.
#ifndef BPB_BENCH_DEVICE_CUH_
#define BPB_BENCH_DEVICE_CUH_

#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <functional>
#include <vector>

#define LAB_CHECK(call)                                                                          \
  do {                                                                                           \
    const cudaError_t status = (call);                                                           \
    if (status != cudaSuccess) {                                                                 \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(status)); \
      exit(4);                                                                                   \
    }                                                                                            \
  } while (0)

namespace bench {

// `count` elements in device memory.
template <class Element>
class Buffer {
 public:
  explicit Buffer(size_t count) : count_(count) {
    LAB_CHECK(cudaMalloc(&memory_, std::max<size_t>(count, 1) * sizeof(Element)));
  }
  explicit Buffer(const std::vector<Element>& from) : Buffer(from.size()) {
    LAB_CHECK(cudaMemcpy(memory_, from.data(), count_ * sizeof(Element), cudaMemcpyHostToDevice));
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { cudaFree(memory_); }

  Element* get() const { return memory_; }
  // NaN in every float, -1 in every integer: what is not written shows.
  void poison() { LAB_CHECK(cudaMemset(memory_, 0xff, count_ * sizeof(Element))); }
  std::vector<Element> read() const {
    std::vector<Element> host(count_);
    LAB_CHECK(cudaMemcpy(host.data(), memory_, count_ * sizeof(Element), cudaMemcpyDeviceToHost));
    return host;
  }

 private:
  Element* memory_ = nullptr;
  size_t count_;
};

struct Timing {
  double median, low, high;  // ms: the median and the quartiles
};

// Times `work(i)` between two events on the default stream, `repeats` times after some to warm up.
inline Timing time_of(int repeats, const std::function<void(int)>& work) {
  cudaEvent_t start, stop;
  LAB_CHECK(cudaEventCreate(&start));
  LAB_CHECK(cudaEventCreate(&stop));
  std::vector<float> times;
  for (int i = 0; i < repeats + 5; ++i) {
    LAB_CHECK(cudaEventRecord(start));
    work(i);
    LAB_CHECK(cudaEventRecord(stop));
    LAB_CHECK(cudaEventSynchronize(stop));
    LAB_CHECK(cudaGetLastError());
    float ms;
    LAB_CHECK(cudaEventElapsedTime(&ms, start, stop));
    if (i >= 5) times.push_back(ms);
  }
  LAB_CHECK(cudaEventDestroy(start));
  LAB_CHECK(cudaEventDestroy(stop));
  std::sort(times.begin(), times.end());
  const size_t n = times.size();
  return {times[n / 2], times[n / 4], times[n - 1 - n / 4]};
}

}  // namespace bench

#endif  // BPB_BENCH_DEVICE_CUH_
