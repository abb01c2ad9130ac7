// The part of CUDA 13's binary interface that the stand-in speaks, declared here so that it builds
// without a toolkit.
//
// Layouts and numbers are those of driver_types.h and vector_types.h of CUDA 13.0, of
// cublas_api.h and cublasLt.h of cuBLAS 13.0 for the BLAS ones. check/abi.cc compares them with the
// headers where there is a toolkit.
#ifndef BPB_TEST_FAKE_CUDA_ABI_H_
#define BPB_TEST_FAKE_CUDA_ABI_H_

#include <stddef.h>
#include <stdint.h>

#define FAKE_EXPORT extern "C" __attribute__((visibility("default")))

namespace fake {

// cudaError
enum Status {
  kSuccess = 0,
  kInvalidValue = 1,
  kMemoryAllocation = 2,
  kInvalidConfiguration = 9,
  kInsufficientDriver = 35,
  kNoDevice = 100,
  kInvalidDevice = 101,
  kInvalidHandle = 400,
  kLaunchFailure = 719,
  kNotSupported = 801,
};

// cudaMemoryType and cudaMemcpyKind
enum MemoryType { kUnregistered = 0, kHost = 1, kDevice = 2 };
enum CopyKind { kHostToDevice = 1, kDeviceToHost = 2, kDefault = 4 };

// cudaDeviceAttr
enum Attribute {
  kMaxThreadsPerBlock = 1,
  kMaxSharedMemoryPerBlock = 8,
  kWarpSize = 10,
  kMaxRegistersPerBlock = 12,
  kMultiProcessorCount = 16,
  kL2CacheSize = 38,
  kMaxThreadsPerMultiProcessor = 39,
  kMajor = 75,
  kMinor = 76,
  kMaxSharedMemoryPerMultiprocessor = 81,
  kMaxRegistersPerMultiprocessor = 82,
  kCooperativeLaunch = 95,
  kMaxSharedMemoryPerBlockOptin = 97,
  kReservedSharedMemoryPerBlock = 111,
  kMemoryPoolsSupported = 115,
  kClusterLaunch = 120,
};

struct Dim3 {
  unsigned x, y, z;
};

// cudaDeviceProp; members that nobody reads here are grouped into arrays named for what they are.
struct DeviceProperties {
  char name[256];
  char identity[16 + 8 + 4];  // uuid, luid, luidDeviceNodeMask
  size_t totalGlobalMem;
  size_t sharedMemPerBlock;
  int regsPerBlock;
  int warpSize;
  size_t memPitch;
  int maxThreadsPerBlock;
  int maxThreadsDim[3];
  int maxGridSize[3];
  size_t totalConstMem;
  int major;
  int minor;
  size_t textureAlignment[2];
  int multiProcessorCount;
  int integrated;
  int canMapHostMemory;
  int texturesAndSurfaces[39];
  size_t surfaceAlignment;
  int concurrentKernels;
  int ECCEnabled;
  int pci[4];  // bus, device, domain, tccDriver
  int asyncEngineCount;
  int unifiedAddressing;
  int memoryBusWidth;
  int l2CacheSize;
  int persistingL2CacheMaxSize;
  int maxThreadsPerMultiProcessor;
  int cachesAndPriorities[3];
  size_t sharedMemPerMultiprocessor;
  int regsPerMultiprocessor;
  int managedMemory[8];  // up to canUseHostPointerForRegisteredMem
  int cooperativeLaunch;
  size_t sharedMemPerBlockOptin;
  int pageableMemory[2];
  int maxBlocksPerMultiProcessor;
  int accessPolicyMaxWindowSize;
  size_t reservedSharedMemPerBlock;
  int hostMemory[4];  // up to timelineSemaphoreInteropSupported
  int memoryPoolsSupported;
  int interprocess[6];  // up to ipcEventSupported
  int clusterLaunch;
  int numaAndIdentity[8];
  int reserved[56];
};

// cudaFuncAttributes
struct FunctionAttributes {
  size_t sharedSizeBytes;
  size_t constSizeBytes;
  size_t localSizeBytes;
  int maxThreadsPerBlock;
  int numRegs;
  int ptxVersion;
  int binaryVersion;
  int cacheModeCA;
  int maxDynamicSharedSizeBytes;
  int clustersAndReserved[24];
};

// cudaPointerAttributes
struct PointerAttributes {
  int type;
  int device;
  void* devicePointer;
  void* hostPointer;
  long reserved[8];
};

// cudaLaunchConfig_t
struct LaunchConfig {
  Dim3 gridDim;
  Dim3 blockDim;
  size_t dynamicSmemBytes;
  void* stream;
  void* attrs;
  unsigned numAttrs;
};

// cublasLtMatmulHeuristicResult_t
struct HeuristicResult {
  uint64_t algo[8];
  size_t workspaceSize;
  int state;
  float wavesCount;
  int reserved[4];
};

}  // namespace fake

#endif  // BPB_TEST_FAKE_CUDA_ABI_H_
