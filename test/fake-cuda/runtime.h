// The runtime's functions that the scorer calls, as the stand-in defines them.
#ifndef BPB_TEST_FAKE_CUDA_RUNTIME_H_
#define BPB_TEST_FAKE_CUDA_RUNTIME_H_

#include "abi.h"

FAKE_EXPORT int cudaGetDeviceCount(int*);
FAKE_EXPORT int cudaSetDevice(int);
FAKE_EXPORT int cudaGetDeviceProperties(fake::DeviceProperties*, int);
FAKE_EXPORT int cudaDriverGetVersion(int*);
FAKE_EXPORT int cudaRuntimeGetVersion(int*);
FAKE_EXPORT int cudaGetLastError();
FAKE_EXPORT const char* cudaGetErrorString(int);
FAKE_EXPORT const char* cudaGetErrorName(int);
FAKE_EXPORT int cudaMalloc(void**, size_t);
FAKE_EXPORT int cudaFree(void*);
FAKE_EXPORT int cudaMallocHost(void**, size_t);
FAKE_EXPORT int cudaFreeHost(void*);
FAKE_EXPORT int cudaMemGetInfo(size_t*, size_t*);
FAKE_EXPORT int cudaMemcpyAsync(void*, const void*, size_t, int, void*);
FAKE_EXPORT int cudaMemsetAsync(void*, int, size_t, void*);
FAKE_EXPORT int cudaStreamCreateWithFlags(void**, unsigned);
FAKE_EXPORT int cudaStreamDestroy(void*);
FAKE_EXPORT int cudaStreamSynchronize(void*);
FAKE_EXPORT int cudaEventCreate(void**);
FAKE_EXPORT int cudaEventDestroy(void*);
FAKE_EXPORT int cudaEventRecord(void*, void*);
FAKE_EXPORT int cudaEventElapsedTime(float*, void*, void*);

#endif  // BPB_TEST_FAKE_CUDA_RUNTIME_H_
