// The part of ONNX Runtime's C interface that we use: slots of its append-only function table.
//
// Upstream promises never to reorder the table, so a slot number and a signature are all that a
// caller needs; with our own header the build needs no ONNX Runtime development files.
#ifndef BPB_ORT_API_H_
#define BPB_ORT_API_H_

#include <stddef.h>
#include <stdint.h>

namespace bpb::ort {

// Opaque objects of the runtime.
struct Status;
struct Env;
struct Session;
struct SessionOptions;
struct RunOptions;
struct IoBinding;
struct Value;
struct TypeInfo;
struct TensorInfo;
struct MemoryInfo;
struct Allocator;
struct CudaProviderOptions;
struct EpDevice;
struct KeyValuePairs;
struct EpAssignedSubgraph;
struct EpAssignedNode;
struct CustomOpDomain;
struct KernelInfo;
struct KernelContext;
struct ShapeInferContext;

// An operator of ours as the runtime calls it: its fields in their order, at the version that has the first
// kApiVersion tables. Functions that may fail give a Status; what is null is not asked for.
struct CustomOp {
  uint32_t version;
  void* (*create_kernel)(const CustomOp*, const void* api, const KernelInfo*);  // replaced by _v2
  const char* (*name)(const CustomOp*);
  const char* (*provider)(const CustomOp*);  // null: the CPU's
  int (*input_type)(const CustomOp*, size_t);
  size_t (*input_count)(const CustomOp*);
  int (*output_type)(const CustomOp*, size_t);
  size_t (*output_count)(const CustomOp*);
  void (*compute)(void* kernel, KernelContext*);  // replaced by _v2
  void (*destroy)(void* kernel);
  int (*input_kind)(const CustomOp*, size_t);
  int (*output_kind)(const CustomOp*, size_t);
  int (*input_memory)(const CustomOp*, size_t);
  int (*variadic_input_minimum)(const CustomOp*);
  int (*variadic_input_alike)(const CustomOp*);
  int (*variadic_output_minimum)(const CustomOp*);
  int (*variadic_output_alike)(const CustomOp*);
  Status* (*create_kernel_v2)(const CustomOp*, const void* api, const KernelInfo*, void** kernel);
  Status* (*compute_v2)(void* kernel, KernelContext*);
  Status* (*infer_shapes)(const CustomOp*, ShapeInferContext*);
  int (*start_version)(const CustomOp*);
  int (*end_version)(const CustomOp*);
  size_t (*may_inplace)(int** inputs, int** outputs);
  void (*release_may_inplace)(int* inputs, int* outputs);
  size_t (*aliases)(int** inputs, int** outputs);
  void (*release_aliases)(int* inputs, int* outputs);
};

// What OrtGetApiBase() returns.
struct ApiBase {
  const void* const* (*get_api)(uint32_t version);
  const char* (*version_string)();
};

// The oldest table that has every slot below; a library older than this answers null.
constexpr uint32_t kApiVersion = 21;

// Tables that have, beyond that, the plugin providers and the assignment of nodes to providers.
constexpr uint32_t kPluginApiVersion = 23;
constexpr uint32_t kAssignmentApiVersion = 24;

// Values of the runtime's enumerations.
enum LogLevel { kLogError = 3, kLogFatal = 4 };
enum OptimizationLevel { kOptimizeNothing = 0, kOptimizeAll = 99 };
enum ElementType { kFloat = 1, kInt32 = 6, kInt64 = 7, kFloat16 = 10, kBFloat16 = 16 };
enum AllocatorType { kDeviceAllocator = 0 };
enum MemoryType { kMemoryDefault = 0 };
enum PortKind { kRequired = 0, kOptional = 1 };
enum ErrorCode { kFail = 1 };

// Slot<N>::Function is the type of entry N; BPB_ORT_SLOT gives it its name.
#define BPB_ORT_SLOT(name, index, result, ...) \
  struct name {                                \
    static constexpr int slot = index;         \
    using Function = result (*)(__VA_ARGS__);  \
  };

// Gives a Status, which the others do where they fail: hence as a pointer that Library::call does not check.
struct CreateStatusObject {
  static constexpr int slot = 0;
  using Function = void* (*)(int code, const char* message);
};
BPB_ORT_SLOT(GetErrorMessage, 2, const char*, const Status*)
BPB_ORT_SLOT(CreateEnv, 3, Status*, int level, const char* id, Env**)
BPB_ORT_SLOT(CreateSessionFromArray, 8, Status*, const Env*, const void*, size_t,
             const SessionOptions*, Session**)
BPB_ORT_SLOT(CreateSessionOptions, 10, Status*, SessionOptions**)
BPB_ORT_SLOT(DisableMemPattern, 17, Status*, SessionOptions*)
BPB_ORT_SLOT(SetSessionLogSeverityLevel, 22, Status*, SessionOptions*, int)
BPB_ORT_SLOT(SetSessionGraphOptimizationLevel, 23, Status*, SessionOptions*, int)
BPB_ORT_SLOT(SetIntraOpNumThreads, 24, Status*, SessionOptions*, int)
BPB_ORT_SLOT(SetInterOpNumThreads, 25, Status*, SessionOptions*, int)
BPB_ORT_SLOT(CreateCustomOpDomain, 26, Status*, const char*, CustomOpDomain**)
BPB_ORT_SLOT(AddCustomOp, 27, Status*, CustomOpDomain*, const CustomOp*)
BPB_ORT_SLOT(AddCustomOpDomain, 28, Status*, SessionOptions*, CustomOpDomain*)
BPB_ORT_SLOT(SessionGetInputCount, 30, Status*, const Session*, size_t*)
BPB_ORT_SLOT(SessionGetOutputCount, 31, Status*, const Session*, size_t*)
BPB_ORT_SLOT(SessionGetInputTypeInfo, 33, Status*, const Session*, size_t, TypeInfo**)
BPB_ORT_SLOT(SessionGetOutputTypeInfo, 34, Status*, const Session*, size_t, TypeInfo**)
BPB_ORT_SLOT(SessionGetInputName, 36, Status*, const Session*, size_t, Allocator*, char**)
BPB_ORT_SLOT(SessionGetOutputName, 37, Status*, const Session*, size_t, Allocator*, char**)
BPB_ORT_SLOT(CreateRunOptions, 39, Status*, RunOptions**)
BPB_ORT_SLOT(RunOptionsSetRunLogSeverityLevel, 41, Status*, RunOptions*, int)
BPB_ORT_SLOT(RunOptionsSetTerminate, 46, Status*, RunOptions*)
BPB_ORT_SLOT(CreateTensorWithDataAsOrtValue, 49, Status*, const MemoryInfo*, void*, size_t,
             const int64_t*, size_t, int, Value**)
BPB_ORT_SLOT(GetTensorMutableData, 51, Status*, Value*, void**)
BPB_ORT_SLOT(CastTypeInfoToTensorInfo, 55, Status*, const TypeInfo*, const TensorInfo**)
BPB_ORT_SLOT(GetTensorElementType, 60, Status*, const TensorInfo*, int*)
BPB_ORT_SLOT(GetDimensionsCount, 61, Status*, const TensorInfo*, size_t*)
BPB_ORT_SLOT(GetDimensions, 62, Status*, const TensorInfo*, int64_t*, size_t)
BPB_ORT_SLOT(GetTensorTypeAndShape, 65, Status*, const Value*, TensorInfo**)
BPB_ORT_SLOT(CreateMemoryInfo, 68, Status*, const char* name, int, int id, int, MemoryInfo**)
BPB_ORT_SLOT(CreateCpuMemoryInfo, 69, Status*, int, int, MemoryInfo**)
BPB_ORT_SLOT(AllocatorFree, 76, Status*, Allocator*, void*)
BPB_ORT_SLOT(GetAllocatorWithDefaultOptions, 78, Status*, Allocator**)
BPB_ORT_SLOT(GetFloatAttribute, 85, Status*, const KernelInfo*, const char*, float*)
BPB_ORT_SLOT(GetIntegerAttribute, 86, Status*, const KernelInfo*, const char*, int64_t*)
BPB_ORT_SLOT(GetKernelInputCount, 88, Status*, const KernelContext*, size_t*)
BPB_ORT_SLOT(GetKernelOutputCount, 89, Status*, const KernelContext*, size_t*)
BPB_ORT_SLOT(GetKernelInput, 90, Status*, const KernelContext*, size_t, const Value**)
BPB_ORT_SLOT(GetKernelOutput, 91, Status*, KernelContext*, size_t, const int64_t*, size_t, Value**)
BPB_ORT_SLOT(ReleaseStatus, 93, void, Status*)
BPB_ORT_SLOT(ReleaseMemoryInfo, 94, void, MemoryInfo*)
BPB_ORT_SLOT(ReleaseSession, 95, void, Session*)
BPB_ORT_SLOT(ReleaseValue, 96, void, Value*)
BPB_ORT_SLOT(ReleaseRunOptions, 97, void, RunOptions*)
BPB_ORT_SLOT(ReleaseTypeInfo, 98, void, TypeInfo*)
BPB_ORT_SLOT(ReleaseTensorInfo, 99, void, TensorInfo*)
BPB_ORT_SLOT(ReleaseSessionOptions, 100, void, SessionOptions*)
BPB_ORT_SLOT(ReleaseCustomOpDomain, 101, void, CustomOpDomain*)
BPB_ORT_SLOT(AddSessionConfigEntry, 130, Status*, SessionOptions*, const char*, const char*)
BPB_ORT_SLOT(RunWithBinding, 133, Status*, Session*, const RunOptions*, const IoBinding*)
BPB_ORT_SLOT(CreateIoBinding, 134, Status*, Session*, IoBinding**)
BPB_ORT_SLOT(ReleaseIoBinding, 135, void, IoBinding*)
BPB_ORT_SLOT(BindInput, 136, Status*, IoBinding*, const char*, const Value*)
BPB_ORT_SLOT(BindOutputToDevice, 138, Status*, IoBinding*, const char*, const MemoryInfo*)
BPB_ORT_SLOT(GetBoundOutputValues, 140, Status*, const IoBinding*, Allocator*, Value***, size_t*)
BPB_ORT_SLOT(ClearBoundInputs, 141, void, IoBinding*)
BPB_ORT_SLOT(ClearBoundOutputs, 142, void, IoBinding*)
BPB_ORT_SLOT(AddRunConfigEntry, 165, Status*, RunOptions*, const char*, const char*)
BPB_ORT_SLOT(GetKernelStream, 193, Status*, const KernelContext*, void**)
BPB_ORT_SLOT(AppendCudaV2, 204, Status*, SessionOptions*, const CudaProviderOptions*)
BPB_ORT_SLOT(CreateCudaProviderOptions, 205, Status*, CudaProviderOptions**)
BPB_ORT_SLOT(UpdateCudaProviderOptions, 206, Status*, CudaProviderOptions*, const char* const*,
             const char* const*, size_t)
BPB_ORT_SLOT(ReleaseCudaProviderOptions, 208, void, CudaProviderOptions*)
BPB_ORT_SLOT(GetConstantInput, 249, Status*, const KernelInfo*, size_t, int*, const Value**)
BPB_ORT_SLOT(UpdateCudaProviderOptionsWithValue, 263, Status*, CudaProviderOptions*, const char*,
             void*)
BPB_ORT_SLOT(SetDeterministicCompute, 273, Status*, SessionOptions*, bool)
BPB_ORT_SLOT(ParallelFor, 274, Status*, const KernelContext*, void (*)(void*, size_t), size_t,
             size_t, void*)
BPB_ORT_SLOT(GetKeyValue, 297, const char*, const KeyValuePairs*, const char*)
BPB_ORT_SLOT(RegisterProviderLibrary, 301, Status*, Env*, const char* name, const char* path)
BPB_ORT_SLOT(GetEpDevices, 303, Status*, const Env*, const EpDevice* const**, size_t*)
BPB_ORT_SLOT(AppendProviderV2, 304, Status*, SessionOptions*, Env*, const EpDevice* const*, size_t,
             const char* const*, const char* const*, size_t)
BPB_ORT_SLOT(EpDeviceName, 312, const char*, const EpDevice*)
BPB_ORT_SLOT(EpDeviceOptions, 315, const KeyValuePairs*, const EpDevice*)
BPB_ORT_SLOT(SessionGetAssignment, 407, Status*, const Session*, const EpAssignedSubgraph* const**,
             size_t*)
BPB_ORT_SLOT(SubgraphGetProvider, 408, Status*, const EpAssignedSubgraph*, const char**)
BPB_ORT_SLOT(SubgraphGetNodes, 409, Status*, const EpAssignedSubgraph*,
             const EpAssignedNode* const**, size_t*)
BPB_ORT_SLOT(NodeGetName, 410, Status*, const EpAssignedNode*, const char**)
BPB_ORT_SLOT(NodeGetOperator, 412, Status*, const EpAssignedNode*, const char**)

#undef BPB_ORT_SLOT

}  // namespace bpb::ort

#endif  // BPB_ORT_API_H_
