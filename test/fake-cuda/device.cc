// Devices: how many, what they are, whether they still answer; CUDA's words for its errors.
#include <stdio.h>
#include <string.h>

#include <atomic>

#include "fake.h"

namespace fake {

namespace {

// An H100 SXM's, in bytes where they are sizes.
constexpr int kMultiprocessors = 132, kRegisters = 65536, kL2Bytes = 50 << 20;
constexpr int kSharedBlock = 49152, kSharedOptin = 232448, kSharedProcessor = 233472;

thread_local int device = 0;
thread_local Status last = kSuccess;
std::atomic<bool> lost{false};

uint64_t devices() { return number("FAKE_CUDA_DEVICES", 1); }

struct Words {
  Status status;
  const char *name, *text;
};

constexpr Words kWords[] = {
    {kSuccess, "cudaSuccess", "no error"},
    {kInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {kMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {kInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {kInsufficientDriver, "cudaErrorInsufficientDriver",
     "CUDA driver version is insufficient for CUDA runtime version"},
    {kNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {kInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {kInvalidHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {kLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {kNotSupported, "cudaErrorNotSupported", "operation not supported"},
};

const Words& words(int status) {
  for (const Words& known : kWords) {
    if (known.status == status) return known;
  }
  static constexpr Words unknown = {kSuccess, "cudaErrorUnknown", "unknown error"};
  return unknown;
}

}  // namespace

int current_device() { return device; }

const char* device_name() {
  const char* name = getenv("FAKE_CUDA_NAME");
  return name != nullptr ? name : "Fake CUDA device";
}

uint64_t device_bytes() { return number("FAKE_CUDA_MEMORY", uint64_t{80} << 30); }

Status refusal() {
  if (number("FAKE_CUDA_DRIVER_VERSION", kRuntimeVersion) < kRuntimeVersion) {
    return keep(kInsufficientDriver);
  }
  return lost ? keep(kLaunchFailure) : kSuccess;
}

Status keep(Status status) {
  if (status != kSuccess) last = status;
  return status;
}

// From here on every call fails.
void lose_device() { lost = true; }

}  // namespace fake

using namespace fake;

FAKE_EXPORT int cudaGetDeviceCount(int* count) {
  if (const Status bad = refusal()) return bad;
  *count = static_cast<int>(devices());
  return *count > 0 ? kSuccess : keep(kNoDevice);
}

FAKE_EXPORT int cudaSetDevice(int index) {
  if (const Status bad = refusal()) return bad;
  if (index < 0 || static_cast<uint64_t>(index) >= devices()) return keep(kInvalidDevice);
  device = index;
  return kSuccess;
}

FAKE_EXPORT int cudaGetDevice(int* index) {
  *index = device;
  return refusal();
}

FAKE_EXPORT int cudaDriverGetVersion(int* version) {
  *version = static_cast<int>(number("FAKE_CUDA_DRIVER_VERSION", kRuntimeVersion));
  return kSuccess;
}

FAKE_EXPORT int cudaRuntimeGetVersion(int* version) {
  *version = kRuntimeVersion;
  return kSuccess;
}

FAKE_EXPORT int cudaGetDeviceProperties(DeviceProperties* about, int) {
  if (const Status bad = refusal()) return bad;
  *about = {};
  snprintf(about->name, sizeof(about->name), "%s", device_name());
  about->totalGlobalMem = device_bytes();
  about->sharedMemPerBlock = kSharedBlock;
  about->sharedMemPerBlockOptin = kSharedOptin;
  about->sharedMemPerMultiprocessor = kSharedProcessor;
  about->reservedSharedMemPerBlock = 1024;
  about->regsPerBlock = about->regsPerMultiprocessor = kRegisters;
  about->warpSize = 32;
  about->maxThreadsPerBlock = 1024;
  about->maxThreadsPerMultiProcessor = 2048;
  about->maxBlocksPerMultiProcessor = 32;
  const int block[3] = {1024, 1024, 64}, grid[3] = {2147483647, 65535, 65535};
  memcpy(about->maxThreadsDim, block, sizeof(block));
  memcpy(about->maxGridSize, grid, sizeof(grid));
  about->totalConstMem = 65536;
  about->major = 9;
  about->multiProcessorCount = kMultiprocessors;
  about->l2CacheSize = kL2Bytes;
  about->memoryBusWidth = 5120;
  about->asyncEngineCount = 3;
  about->concurrentKernels = about->unifiedAddressing = about->cooperativeLaunch = 1;
  about->clusterLaunch = 1;
  return kSuccess;
}

FAKE_EXPORT int cudaDeviceGetAttribute(int* value, int attribute, int) {
  if (const Status bad = refusal()) return bad;
  switch (attribute) {
    case kMaxThreadsPerBlock: *value = 1024; break;
    case kMaxSharedMemoryPerBlock: *value = kSharedBlock; break;
    case kWarpSize: *value = 32; break;
    case kMaxRegistersPerBlock:
    case kMaxRegistersPerMultiprocessor: *value = kRegisters; break;
    case kMultiProcessorCount: *value = kMultiprocessors; break;
    case kL2CacheSize: *value = kL2Bytes; break;
    case kMaxThreadsPerMultiProcessor: *value = 2048; break;
    case kMajor: *value = 9; break;
    case kMinor: *value = 0; break;
    case kMaxSharedMemoryPerMultiprocessor: *value = kSharedProcessor; break;
    case kMaxSharedMemoryPerBlockOptin: *value = kSharedOptin; break;
    case kReservedSharedMemoryPerBlock: *value = 1024; break;
    case kCooperativeLaunch:
    case kClusterLaunch: *value = 1; break;
    case kMemoryPoolsSupported: *value = 0; break;
    default: log("UNKNOWN cudaDeviceGetAttribute %d", attribute); return keep(kInvalidValue);
  }
  return kSuccess;
}

FAKE_EXPORT int cudaGetLastError() {
  const Status status = last;
  last = lost ? kLaunchFailure : kSuccess;  // a lost device stays lost
  return status;
}

FAKE_EXPORT int cudaPeekAtLastError() { return last; }
FAKE_EXPORT const char* cudaGetErrorString(int status) { return words(status).text; }
FAKE_EXPORT const char* cudaGetErrorName(int status) { return words(status).name; }
