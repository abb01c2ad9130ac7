// Conversion of a CUDA status to an error of the harness: a code by cause, and CUDA's message.
#ifndef BPB_CUDA_FAILURE_H_
#define BPB_CUDA_FAILURE_H_

#include <cuda_runtime_api.h>

#include "../error.h"

namespace bpb {
namespace cuda {

inline const char* failure_code(cudaError_t status) {
  switch (status) {
    case cudaErrorInsufficientDriver:  // also what is said when there is no driver at all
    case cudaErrorStubLibrary:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorCompatNotSupportedOnDevice:
    case cudaErrorInitializationError:
    case cudaErrorNoDevice: return "BPB_CUDA_DRIVER";
    case cudaErrorInvalidDevice:
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorDevicesUnavailable: return "BPB_CUDA_DEVICE";
    case cudaErrorMemoryAllocation: return "BPB_CUDA_MEMORY";
    default: return "BPB_CUDA_RUN";
  }
}

// Whether `status` is a failure; then `error` says what was being done and what CUDA calls it.
inline bool failed(cudaError_t status, const char* doing, bpb_error* error) {
  if (status == cudaSuccess) return false;
  BPB_FAIL(error, failure_code(status), "%s: %s (%s)", doing, cudaGetErrorString(status),
           cudaGetErrorName(status));
  return true;
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_FAILURE_H_
