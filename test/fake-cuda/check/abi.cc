// Compares abi.h with the headers of a CUDA toolkit: it compiles, or it names the difference.
#include <cuda_runtime_api.h>

#include "abi.h"

#define SAME_SIZE(ours, theirs) \
  static_assert(sizeof(fake::ours) == sizeof(theirs), #theirs " has another size")
#define SAME_PLACE(ours, theirs, member)                                    \
  static_assert(offsetof(fake::ours, member) == offsetof(theirs, member) && \
                    sizeof(fake::ours::member) == sizeof(theirs::member),   \
                #theirs "::" #member " is elsewhere")
#define SAME_NUMBER(ours, theirs)                                         \
  static_assert(static_cast<int>(fake::ours) == static_cast<int>(theirs), \
                #theirs " is another number")

SAME_SIZE(Dim3, dim3);

SAME_SIZE(DeviceProperties, cudaDeviceProp);
#define PROPERTY(member) SAME_PLACE(DeviceProperties, cudaDeviceProp, member)
PROPERTY(name);
PROPERTY(totalGlobalMem);
PROPERTY(sharedMemPerBlock);
PROPERTY(regsPerBlock);
PROPERTY(warpSize);
PROPERTY(maxThreadsPerBlock);
PROPERTY(maxThreadsDim);
PROPERTY(maxGridSize);
PROPERTY(totalConstMem);
PROPERTY(major);
PROPERTY(minor);
PROPERTY(multiProcessorCount);
PROPERTY(surfaceAlignment);
PROPERTY(concurrentKernels);
PROPERTY(asyncEngineCount);
PROPERTY(unifiedAddressing);
PROPERTY(memoryBusWidth);
PROPERTY(l2CacheSize);
PROPERTY(maxThreadsPerMultiProcessor);
PROPERTY(sharedMemPerMultiprocessor);
PROPERTY(regsPerMultiprocessor);
PROPERTY(cooperativeLaunch);
PROPERTY(sharedMemPerBlockOptin);
PROPERTY(maxBlocksPerMultiProcessor);
PROPERTY(reservedSharedMemPerBlock);
PROPERTY(memoryPoolsSupported);
PROPERTY(clusterLaunch);
PROPERTY(reserved);

SAME_SIZE(FunctionAttributes, cudaFuncAttributes);
SAME_PLACE(FunctionAttributes, cudaFuncAttributes, maxThreadsPerBlock);
SAME_PLACE(FunctionAttributes, cudaFuncAttributes, numRegs);
SAME_PLACE(FunctionAttributes, cudaFuncAttributes, binaryVersion);
SAME_PLACE(FunctionAttributes, cudaFuncAttributes, maxDynamicSharedSizeBytes);

SAME_SIZE(PointerAttributes, cudaPointerAttributes);
SAME_PLACE(PointerAttributes, cudaPointerAttributes, type);
SAME_PLACE(PointerAttributes, cudaPointerAttributes, device);
SAME_PLACE(PointerAttributes, cudaPointerAttributes, devicePointer);
SAME_PLACE(PointerAttributes, cudaPointerAttributes, hostPointer);

SAME_SIZE(LaunchConfig, cudaLaunchConfig_t);
SAME_PLACE(LaunchConfig, cudaLaunchConfig_t, gridDim);
SAME_PLACE(LaunchConfig, cudaLaunchConfig_t, blockDim);
SAME_PLACE(LaunchConfig, cudaLaunchConfig_t, dynamicSmemBytes);
SAME_PLACE(LaunchConfig, cudaLaunchConfig_t, stream);

SAME_NUMBER(kInvalidValue, cudaErrorInvalidValue);
SAME_NUMBER(kMemoryAllocation, cudaErrorMemoryAllocation);
SAME_NUMBER(kInvalidConfiguration, cudaErrorInvalidConfiguration);
SAME_NUMBER(kInsufficientDriver, cudaErrorInsufficientDriver);
SAME_NUMBER(kNoDevice, cudaErrorNoDevice);
SAME_NUMBER(kInvalidDevice, cudaErrorInvalidDevice);
SAME_NUMBER(kInvalidHandle, cudaErrorInvalidResourceHandle);
SAME_NUMBER(kLaunchFailure, cudaErrorLaunchFailure);
SAME_NUMBER(kNotSupported, cudaErrorNotSupported);
SAME_NUMBER(kHost, cudaMemoryTypeHost);
SAME_NUMBER(kDevice, cudaMemoryTypeDevice);
SAME_NUMBER(kHostToDevice, cudaMemcpyHostToDevice);
SAME_NUMBER(kDeviceToHost, cudaMemcpyDeviceToHost);
SAME_NUMBER(kDefault, cudaMemcpyDefault);
SAME_NUMBER(kMaxThreadsPerBlock, cudaDevAttrMaxThreadsPerBlock);
SAME_NUMBER(kMaxSharedMemoryPerBlock, cudaDevAttrMaxSharedMemoryPerBlock);
SAME_NUMBER(kWarpSize, cudaDevAttrWarpSize);
SAME_NUMBER(kMaxRegistersPerBlock, cudaDevAttrMaxRegistersPerBlock);
SAME_NUMBER(kMultiProcessorCount, cudaDevAttrMultiProcessorCount);
SAME_NUMBER(kL2CacheSize, cudaDevAttrL2CacheSize);
SAME_NUMBER(kMaxThreadsPerMultiProcessor, cudaDevAttrMaxThreadsPerMultiProcessor);
SAME_NUMBER(kMajor, cudaDevAttrComputeCapabilityMajor);
SAME_NUMBER(kMinor, cudaDevAttrComputeCapabilityMinor);
SAME_NUMBER(kMaxSharedMemoryPerMultiprocessor, cudaDevAttrMaxSharedMemoryPerMultiprocessor);
SAME_NUMBER(kMaxRegistersPerMultiprocessor, cudaDevAttrMaxRegistersPerMultiprocessor);
SAME_NUMBER(kCooperativeLaunch, cudaDevAttrCooperativeLaunch);
SAME_NUMBER(kMaxSharedMemoryPerBlockOptin, cudaDevAttrMaxSharedMemoryPerBlockOptin);
SAME_NUMBER(kReservedSharedMemoryPerBlock, cudaDevAttrReservedSharedMemoryPerBlock);
SAME_NUMBER(kMemoryPoolsSupported, cudaDevAttrMemoryPoolsSupported);
SAME_NUMBER(kClusterLaunch, cudaDevAttrClusterLaunch);

int main() {}
