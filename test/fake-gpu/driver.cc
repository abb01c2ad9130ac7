// Stands in for libcuda: what the driver says of its devices.
#include <string.h>

#include "fake.h"

#define FAKE_DRIVER extern "C" __attribute__((visibility("default"))) int

FAKE_DRIVER cuInit(unsigned) { return static_cast<int>(fake::number("FAKE_GPU_INIT", 0)); }

FAKE_DRIVER cuDriverGetVersion(int* version) {
  *version = 13000;
  return 0;
}

FAKE_DRIVER cuDeviceGetCount(int* count) {
  *count = static_cast<int>(fake::devices());
  return 0;
}

FAKE_DRIVER cuDeviceGet(int* device, int index) {
  *device = index;
  return 0;
}

FAKE_DRIVER cuDeviceGetName(char* name, int size, int device) {
  snprintf(name, static_cast<size_t>(size), "%s", fake::device_name(device).c_str());
  return 0;
}

FAKE_DRIVER cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = size_t{1} << 34;
  return 0;
}

FAKE_DRIVER cuDeviceGetAttribute(int* value, int attribute, int) {
  *value = attribute == 75 ? 9 : 0;
  return 0;
}

FAKE_DRIVER cuGetErrorString(int, const char** words) {
  *words = "fake driver failure";
  return 0;
}
