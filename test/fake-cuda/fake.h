// What the parts of the stand-in share: settings, the log, device memory, the state of the device.
//
// A CUDA runtime that computes nothing. ONNX Runtime's published CUDA provider opens sessions on it,
// places nodes, allocates, copies and launches as it would on a GPU. Values are not computed: what
// comes back is what was sent up, and zeros. Behaviour is asked for by environment variables:
//
//   FAKE_CUDA_LOG             file that every launch, copy, allocation and wait is appended to
//   FAKE_CUDA_DEVICES         number of devices (1)
//   FAKE_CUDA_NAME            of every device
//   FAKE_CUDA_MEMORY          bytes of every device (80 GiB)
//   FAKE_CUDA_ALLOC_MAX       a larger single allocation of device memory fails
//   FAKE_CUDA_DRIVER_VERSION  of the driver (13000); an older one is refused as CUDA refuses it
//   FAKE_CUDA_LOST_AT         the device is lost at this kernel launch, counted from 1
#ifndef BPB_TEST_FAKE_CUDA_FAKE_H_
#define BPB_TEST_FAKE_CUDA_FAKE_H_

#include <stdlib.h>

#include "abi.h"

namespace fake {

constexpr int kRuntimeVersion = 13000;

// An environment variable as a number, or `otherwise`.
inline uint64_t number(const char* name, uint64_t otherwise) {
  const char* text = getenv(name);
  return text != nullptr && *text != '\0' ? strtoull(text, nullptr, 10) : otherwise;
}

// Appends a line with the time before it. Written to the file when the host waits for the device, when
// the buffer is full, and at the end.
__attribute__((format(printf, 1, 2))) void log(const char* format, ...);
void flush_log();

// The status that every call answers with now: success, an old driver's, or a lost device's.
Status refusal();
// Keeps `status` for cudaGetLastError, and returns it.
Status keep(Status status);

int current_device();
const char* device_name();
uint64_t device_bytes();

// Host memory that mirrors [at, at + bytes) of device memory, which the host itself cannot touch; null
// where that is not wholly inside one allocation.
void* shadow(const void* at, size_t bytes);
// Whether it is an address in any device's memory, allocated or not.
bool is_device(const void* at);

// Logs a launch, with the bytes that it moves where those are known (not 0), and, for the scorer's own
// kernels, leaves what they would have written.
Status launch(const char* name, Dim3 grid, Dim3 block, size_t shared_bytes, void** arguments,
              void* stream, uint64_t moves = 0);
// What the scorer's kernels would have written.
void imitate(const char* name, void** arguments);
// Of the operators' kernels: that what they read and write is in device memory.
void imitate_operator(const char* name, void** arguments);

}  // namespace fake

#endif  // BPB_TEST_FAKE_CUDA_FAKE_H_
