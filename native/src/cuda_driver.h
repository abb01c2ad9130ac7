// Version and devices of the NVIDIA driver, loaded at run time: nothing is built against it.
#ifndef BPB_CUDA_DRIVER_H_
#define BPB_CUDA_DRIVER_H_

#include <stdint.h>

#include <string>
#include <vector>

namespace bpb {

struct DriverDevice {
  std::string name;
  int major, minor;  // compute capability
  uint64_t memory_bytes;
};

struct DriverInfo {
  int version;  // the highest CUDA version it can run: 13000 for 13.0
  std::vector<DriverDevice> devices;
};

// Asks the driver's library, `libcuda.so.1` by its usual name. Creates no context on any device.
// Throws CodedFailure: BPB_CUDA_LIBRARY where there is none, BPB_CUDA_DRIVER where it refuses.
DriverInfo ask_driver(const std::string& library);

}  // namespace bpb

#endif  // BPB_CUDA_DRIVER_H_
