// The driver, as far as it is asked what it sees.
#include <stdio.h>

#include "fake.h"

using namespace fake;

namespace {

constexpr int kNoDeviceForDriver = 100;

}  // namespace

FAKE_EXPORT int cuInit(unsigned) {
  return number("FAKE_CUDA_DEVICES", 1) > 0 ? 0 : kNoDeviceForDriver;
}

FAKE_EXPORT int cuDriverGetVersion(int* version) {
  *version = static_cast<int>(number("FAKE_CUDA_DRIVER_VERSION", kRuntimeVersion));
  return 0;
}

FAKE_EXPORT int cuDeviceGetCount(int* count) {
  *count = static_cast<int>(number("FAKE_CUDA_DEVICES", 1));
  return 0;
}

FAKE_EXPORT int cuDeviceGet(int* device, int index) {
  *device = index;
  return 0;
}

FAKE_EXPORT int cuDeviceGetName(char* name, int size, int) {
  snprintf(name, static_cast<size_t>(size), "%s", device_name());
  return 0;
}

FAKE_EXPORT int cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = device_bytes();
  return 0;
}

FAKE_EXPORT int cuDeviceGetAttribute(int* value, int attribute, int) {
  *value = attribute == kMajor ? 9 : 0;
  return 0;
}

FAKE_EXPORT int cuGetErrorString(int, const char** text) {
  *text = "no CUDA-capable device is detected";
  return 0;
}
