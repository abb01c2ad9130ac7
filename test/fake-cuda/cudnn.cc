// The part of cuDNN that shows its presence: a library that has these functions is found by a provider,
// under the name libcudnn.so.9, and none of its kernels works. What asks it for one is in the log.
#include "fake.h"

using namespace fake;

namespace {

constexpr int kNotInitialized = 1001;  // CUDNN_STATUS_NOT_INITIALIZED

int refuse(const char* name) {
  log("CUDNN %s", name);
  return kNotInitialized;
}

}  // namespace

FAKE_EXPORT size_t cudnnGetVersion() { return 91002; }
FAKE_EXPORT size_t cudnnGetCudartVersion() { return kRuntimeVersion; }
FAKE_EXPORT const char* cudnnGetErrorString(int) { return "CUDNN_STATUS_NOT_INITIALIZED"; }
FAKE_EXPORT void cudnnGetLastErrorString(char* text, size_t bytes) {
  if (bytes > 0) text[0] = '\0';
}

FAKE_EXPORT int cudnnCreate(void** handle) {
  *handle = new int(0);
  return kSuccess;
}

FAKE_EXPORT int cudnnDestroy(void* handle) {
  delete static_cast<int*>(handle);
  return kSuccess;
}

FAKE_EXPORT int cudnnSetStream(void*, void*) { return kSuccess; }

FAKE_EXPORT int cudnnCreateTensorDescriptor(void**) {
  return refuse("cudnnCreateTensorDescriptor");
}
FAKE_EXPORT int cudnnCreateReduceTensorDescriptor(void**) {
  return refuse("cudnnCreateReduceTensorDescriptor");
}
FAKE_EXPORT int cudnnBackendCreateDescriptor(int, void**) {
  return refuse("cudnnBackendCreateDescriptor");
}
FAKE_EXPORT int cudnnBackendDestroyDescriptor(void*) { return kSuccess; }
