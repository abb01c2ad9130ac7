// One GPU as a session uses it: a scorer, a stream, memory, copies that are counted, a clock.
#ifndef BPB_CUDA_DEVICE_H_
#define BPB_CUDA_DEVICE_H_

#include <string>

#include "cuda_library.h"

namespace bpb {

class CudaDevice {
 public:
  // Throws CodedFailure with the library's own codes.
  CudaDevice(const std::string& library, int index);
  ~CudaDevice();
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;

  int index() const { return index_; }
  const bpb_cuda_device& about() const { return *library_.describe(scorer_); }
  void* stream() const { return stream_; }
  uint64_t free_bytes() const;

  // Queue work on the stream; throw CodedFailure.
  void upload(void* device, const void* pinned, size_t bytes);
  void copy(void* to, const void* from, size_t bytes);  // both in device memory
  void download(void* pinned, const void* device, size_t bytes);
  void clear(const bpb_cuda_sums& sums);
  void score(const bpb_logits& logits, const bpb_targets& targets, float* nats,
             const bpb_cuda_sums& sums);
  // Waits until all queued work is done. Throws CodedFailure where any of it failed.
  void wait();

  // Bytes of every download so far: all that ever left the device through this class.
  uint64_t downloaded() const { return downloaded_; }

 private:
  friend class CudaMemory;
  friend class CudaMoment;
  void check(int status, const bpb_error& error) const;

  const CudaLibrary& library_;
  int index_;
  bpb_cuda_scorer* scorer_ = nullptr;
  void* stream_ = nullptr;
  uint64_t downloaded_ = 0;
};

// Owned memory of a device, or pinned memory of the host.
class CudaMemory {
 public:
  CudaMemory(CudaDevice& device, bool pinned) : device_(device), pinned_(pinned) {}
  ~CudaMemory() { release(); }
  CudaMemory(const CudaMemory&) = delete;
  CudaMemory& operator=(const CudaMemory&) = delete;

  // At least `bytes`; what it held is lost where it has to grow. Throws CodedFailure.
  void reserve(size_t bytes);
  char* data() const { return static_cast<char*>(data_); }

 private:
  void release();

  CudaDevice& device_;
  bool pinned_;
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

// A moment on the device's stream, by the device's own clock.
class CudaMoment {
 public:
  // Throws CodedFailure.
  explicit CudaMoment(CudaDevice& device);
  ~CudaMoment();
  CudaMoment(const CudaMoment&) = delete;
  CudaMoment& operator=(const CudaMoment&) = delete;

  // Queues the mark. Throws CodedFailure.
  void mark();
  // Seconds from `earlier` to this; both have been waited for. Throws CodedFailure.
  double since(const CudaMoment& earlier) const;

 private:
  CudaDevice& device_;
  void* moment_ = nullptr;
};

}  // namespace bpb

#endif  // BPB_CUDA_DEVICE_H_
