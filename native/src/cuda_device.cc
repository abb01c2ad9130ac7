// One GPU as a session uses it.
#include "cuda_device.h"

#include "coded_failure.h"

namespace bpb {

CudaDevice::CudaDevice(const std::string& library, int index)
    : library_(CudaLibrary::at(library)), index_(index) {
  bpb_error error{"BPB_CUDA_RUN", ""};
  scorer_ = library_.open(index, &error);
  if (scorer_ == nullptr) throw CodedFailure(error);
  if (library_.stream_create(scorer_, &stream_, &error) != 0) {
    library_.close(scorer_);
    throw CodedFailure(error);
  }
}

CudaDevice::~CudaDevice() {
  library_.stream_destroy(stream_);
  library_.close(scorer_);
}

void CudaDevice::check(int status, const bpb_error& error) const {
  if (status != 0) throw CodedFailure(error);
}

uint64_t CudaDevice::free_bytes() const {
  bpb_error error{"BPB_CUDA_RUN", ""};
  uint64_t available = 0, total = 0;
  check(library_.memory_info(scorer_, &available, &total, &error), error);
  return available;
}

void CudaDevice::upload(void* device, const void* pinned, size_t bytes) {
  bpb_error error{"BPB_CUDA_RUN", ""};
  check(library_.copy(device, pinned, bytes, stream_, &error), error);
}

void CudaDevice::copy(void* to, const void* from, size_t bytes) {
  bpb_error error{"BPB_CUDA_RUN", ""};
  check(library_.copy(to, from, bytes, stream_, &error), error);
}

void CudaDevice::download(void* pinned, const void* device, size_t bytes) {
  bpb_error error{"BPB_CUDA_RUN", ""};
  check(library_.copy(pinned, device, bytes, stream_, &error), error);
  downloaded_ += bytes;
}

void CudaDevice::clear(const bpb_cuda_sums& sums) {
  bpb_error error{"BPB_CUDA_RUN", ""};
  check(library_.clear(scorer_, &sums, stream_, &error), error);
}

void CudaDevice::score(const bpb_logits& logits, const bpb_targets& targets, float* nats,
                       const bpb_cuda_sums& sums) {
  bpb_error error{"BPB_CUDA_RUN", ""};
  check(library_.score(scorer_, &logits, &targets, nats, &sums, stream_, &error), error);
}

void CudaDevice::wait() {
  bpb_error error{"BPB_CUDA_RUN", ""};
  check(library_.stream_wait(stream_, &error), error);
}

void CudaMemory::reserve(size_t bytes) {
  if (bytes <= bytes_) return;
  release();
  bpb_error error{"BPB_CUDA_MEMORY", ""};
  device_.check(device_.library_.alloc(device_.scorer_, pinned_, bytes, &data_, &error), error);
  bytes_ = bytes;
}

void CudaMemory::release() {
  if (data_ != nullptr) device_.library_.free(device_.scorer_, pinned_, data_);
  data_ = nullptr;
  bytes_ = 0;
}

CudaMoment::CudaMoment(CudaDevice& device) : device_(device) {
  bpb_error error{"BPB_CUDA_RUN", ""};
  device_.check(device_.library_.moment_create(device_.scorer_, &moment_, &error), error);
}

CudaMoment::~CudaMoment() { device_.library_.moment_destroy(moment_); }

void CudaMoment::mark() {
  bpb_error error{"BPB_CUDA_RUN", ""};
  device_.check(device_.library_.moment_mark(moment_, device_.stream_, &error), error);
}

double CudaMoment::since(const CudaMoment& earlier) const {
  bpb_error error{"BPB_CUDA_RUN", ""};
  double seconds = 0;
  const int status = device_.library_.moment_seconds(earlier.moment_, moment_, &seconds, &error);
  device_.check(status, error);
  return seconds;
}

}  // namespace bpb
