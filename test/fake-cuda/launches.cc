// Kernels: which there are, and their launches. A shape that no GPU takes is refused.
#include <atomic>
#include <mutex>
#include <string>
#include <unordered_map>

#include "fake.h"

namespace fake {

void lose_device();

namespace {

struct Kernels {
  std::mutex mutex;
  std::unordered_map<const void*, std::string> names;  // by the host's stand-in for the kernel
};

// Never destroyed; libraries register theirs before main, and take them back at the end.
Kernels& kernels() {
  static Kernels& all = *new Kernels;
  return all;
}

std::string name_of(const void* kernel) {
  Kernels& all = kernels();
  std::lock_guard<std::mutex> lock(all.mutex);
  const auto found = all.names.find(kernel);
  return found != all.names.end() ? found->second : "unregistered";
}

// The <<<...>>> of a launch, between its two halves.
struct Configuration {
  Dim3 grid, block;
  size_t shared_bytes;
  void* stream;
};
thread_local Configuration configuration;

bool takes(const Dim3& grid, const Dim3& block) {
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  return threads > 0 && threads <= 1024 && block.z <= 64 && grid.x > 0 && grid.x <= 2147483647 &&
         grid.y > 0 && grid.y <= 65535 && grid.z > 0 && grid.z <= 65535;
}

Status launch_registered(const void* kernel, Dim3 grid, Dim3 block, size_t shared_bytes,
                         void** arguments, void* stream) {
  return launch(name_of(kernel).c_str(), grid, block, shared_bytes, arguments, stream);
}

}  // namespace

Status launch(const char* name, Dim3 grid, Dim3 block, size_t shared_bytes, void** arguments,
              void* stream, uint64_t moves) {
  if (const Status bad = refusal()) return bad;
  const std::string moved = moves > 0 ? "moves=" + std::to_string(moves) + " " : "";
  log("K grid=%u,%u,%u block=%u,%u,%u stream=%p %s%s", grid.x, grid.y, grid.z, block.x, block.y,
      block.z, stream, moved.c_str(), name);
  if (!takes(grid, block) || shared_bytes > 232448) {
    log("REFUSED launch of %s", name);
    return keep(kInvalidConfiguration);
  }
  imitate(name, arguments);
  static std::atomic<uint64_t> launches{0};
  // The launch is queued; what comes after it fails.
  if (++launches == number("FAKE_CUDA_LOST_AT", 0)) lose_device();
  return kSuccess;
}

}  // namespace fake

using namespace fake;

FAKE_EXPORT void** __cudaRegisterFatBinary(void*) {
  static void* handle;
  return &handle;
}
FAKE_EXPORT void __cudaRegisterFatBinaryEnd(void**) {}
FAKE_EXPORT void __cudaUnregisterFatBinary(void**) {}
FAKE_EXPORT void __cudaRegisterVar(void**, char*, char*, const char*, int, size_t, int, int) {}

FAKE_EXPORT void __cudaRegisterFunction(void**, const char* kernel, char*, const char* name, int,
                                        void*, void*, void*, void*, int*) {
  Kernels& all = kernels();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.names[kernel] = name;
}

FAKE_EXPORT unsigned __cudaPushCallConfiguration(Dim3 grid, Dim3 block, size_t shared_bytes,
                                                 void* stream) {
  configuration = {grid, block, shared_bytes, stream};
  return 0;
}

FAKE_EXPORT int __cudaPopCallConfiguration(Dim3* grid, Dim3* block, size_t* shared_bytes,
                                           void* stream) {
  *grid = configuration.grid;
  *block = configuration.block;
  *shared_bytes = configuration.shared_bytes;
  *static_cast<void**>(stream) = configuration.stream;
  return kSuccess;
}

// A kernel's handle is the host's stand-in for it.
FAKE_EXPORT int __cudaGetKernel(const void** kernel, const void* function) {
  *kernel = function;
  return kSuccess;
}

FAKE_EXPORT int __cudaLaunchKernel(const void* kernel, Dim3 grid, Dim3 block, void** arguments,
                                   size_t shared_bytes, void* stream) {
  return launch_registered(kernel, grid, block, shared_bytes, arguments, stream);
}

FAKE_EXPORT int cudaLaunchKernel(const void* kernel, Dim3 grid, Dim3 block, void** arguments,
                                 size_t shared_bytes, void* stream) {
  return launch_registered(kernel, grid, block, shared_bytes, arguments, stream);
}

FAKE_EXPORT int cudaLaunchCooperativeKernel(const void* kernel, Dim3 grid, Dim3 block,
                                            void** arguments, size_t shared_bytes, void* stream) {
  return launch_registered(kernel, grid, block, shared_bytes, arguments, stream);
}

FAKE_EXPORT int cudaLaunchKernelExC(const LaunchConfig* config, const void* kernel,
                                    void** arguments) {
  return launch_registered(kernel, config->gridDim, config->blockDim, config->dynamicSmemBytes,
                           arguments, config->stream);
}

FAKE_EXPORT int cudaFuncGetAttributes(FunctionAttributes* about, const void*) {
  if (const Status bad = refusal()) return bad;
  *about = {};
  about->maxThreadsPerBlock = 1024;
  about->numRegs = 64;
  about->ptxVersion = about->binaryVersion = 90;
  about->maxDynamicSharedSizeBytes = 232448;
  return kSuccess;
}

FAKE_EXPORT int cudaFuncSetAttribute(const void*, int, int) { return refusal(); }

FAKE_EXPORT int cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, const void*,
                                                                       int, size_t, unsigned) {
  *blocks = 2;
  return refusal();
}
