// Queries of libcuda.
#include "cuda_driver.h"

#include <dlfcn.h>

#include "coded_failure.h"

namespace bpb {

namespace {

// The driver's own numbers.
constexpr int kSuccess = 0, kNoDevice = 100, kMajor = 75, kMinor = 76;

class Driver {
 public:
  explicit Driver(const std::string& path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ != nullptr) return;
    const char* reason = dlerror();
    throw CodedFailure("BPB_CUDA_LIBRARY", reason != nullptr ? reason : "dlopen failed: " + path);
  }

  // Calls a function that gives the driver's status; returns it.
  template <class... Args>
  int ask(const char* name, Args... args) {
    auto function = reinterpret_cast<int (*)(Args...)>(dlsym(handle_, name));
    if (function == nullptr) {
      throw CodedFailure("BPB_CUDA_LIBRARY", std::string("the driver has no ") + name);
    }
    return function(args...);
  }

  template <class... Args>
  void need(const char* name, Args... args) {
    const int status = ask(name, args...);
    if (status == kSuccess) return;
    const char* words = nullptr;
    ask("cuGetErrorString", status, &words);
    throw CodedFailure("BPB_CUDA_DRIVER", std::string(name) + ": " +
                                              (words != nullptr ? words : "unknown error") + " (" +
                                              std::to_string(status) + ")");
  }

 private:
  void* handle_;  // kept: a driver is not made to be unloaded
};

}  // namespace

DriverInfo ask_driver(const std::string& library) {
  Driver driver(library);
  DriverInfo info{0, {}};
  if (driver.ask("cuInit", 0u) == kNoDevice) {
    driver.need("cuDriverGetVersion", &info.version);
    return info;
  }
  driver.need("cuInit", 0u);
  driver.need("cuDriverGetVersion", &info.version);
  int count = 0;
  driver.need("cuDeviceGetCount", &count);
  for (int i = 0; i < count; i++) {
    int device = 0;
    char name[256] = "";
    DriverDevice found{"", 0, 0, 0};
    size_t bytes = 0;
    driver.need("cuDeviceGet", &device, i);
    driver.need("cuDeviceGetName", static_cast<char*>(name), static_cast<int>(sizeof(name)),
                device);
    driver.need("cuDeviceTotalMem_v2", &bytes, device);
    driver.need("cuDeviceGetAttribute", &found.major, kMajor, device);
    driver.need("cuDeviceGetAttribute", &found.minor, kMinor, device);
    found.name = name;
    found.memory_bytes = bytes;
    info.devices.push_back(found);
  }
  return info;
}

}  // namespace bpb
