// Stands in for a libonnxruntime with a CUDA provider: the real library, its table with some slots
// replaced. Models run on its CPU provider, in memory that everyone takes for the GPU's.
#include <dlfcn.h>
#include <string.h>

#include "fake.h"
#include "ort_api.h"

using namespace bpb::ort;

namespace {

constexpr size_t kSlots = 420;
const void* const* real = nullptr;  // the table of the library at FAKE_GPU_RUNTIME
const void* table[kSlots];
const ApiBase* real_base = nullptr;

thread_local fake::Stream* appended = nullptr;  // what the next session will run on
thread_local fake::Stream* running = nullptr;
thread_local int64_t rows = 0;  // of the input that was bound last

template <class F, class... Args>
auto call(Args... args) {
  return reinterpret_cast<typename F::Function>(const_cast<void*>(real[F::slot]))(args...);
}

Status* failure(const char* message) {
  return reinterpret_cast<Status* (*)(int, const char*)>(const_cast<void*>(real[0]))(1, message);
}

Status* create_options(CudaProviderOptions** out) {
  *out = reinterpret_cast<CudaProviderOptions*>(new int);
  return nullptr;
}

Status* update_options(CudaProviderOptions*, const char* const* keys, const char* const* values,
                       size_t count) {
  if (const char* reason = getenv("FAKE_GPU_PROVIDER_FAILS")) {
    if (strcmp(reason, "abort") == 0) abort();
    return failure(reason);
  }
  for (size_t i = 0; i < count; i++) fake::log("classic %s=%s", keys[i], values[i]);
  return nullptr;
}

Status* update_with_value(CudaProviderOptions*, const char* key, void* value) {
  if (strcmp(key, "user_compute_stream") == 0) appended = static_cast<fake::Stream*>(value);
  return nullptr;
}

Status* append_classic(SessionOptions*, const CudaProviderOptions*) {
  running = appended;
  return nullptr;
}

void release_options(CudaProviderOptions* options) { delete reinterpret_cast<int*>(options); }

Status* register_library(Env*, const char* name, const char*) {
  if (fake::number("FAKE_GPU_PLUGIN_FAILS", 0)) return failure("the fake has no plugin form");
  fake::log("registered %s", name);
  return nullptr;
}

Status* ep_devices(const Env*, const EpDevice* const** list, size_t* count) {
  static const int marks[8] = {};
  static const EpDevice* devices[8];
  for (int i = 0; i < 8; i++) devices[i] = reinterpret_cast<const EpDevice*>(&marks[i]);
  *list = devices;
  *count = static_cast<size_t>(fake::devices());
  return nullptr;
}

const char* ep_name(const EpDevice*) { return "FakeCUDAExecutionProvider"; }
const KeyValuePairs* ep_options(const EpDevice*) { return nullptr; }

Status* append_plugin(SessionOptions*, Env*, const EpDevice* const*, size_t,
                      const char* const* keys, const char* const* values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    fake::log("plugin %s=%s", keys[i], values[i]);
    if (strcmp(keys[i], "user_compute_stream") == 0) {
      running = reinterpret_cast<fake::Stream*>(strtoull(values[i], nullptr, 10));
    }
  }
  return nullptr;
}

Status* memory_info(const char* name, int, int id, int, MemoryInfo** out) {
  fake::log("memory %s:%d", name, id);
  return call<CreateCpuMemoryInfo>(0, 0, out);
}

Status* config_entry(SessionOptions* options, const char* key, const char* value) {
  const bool fallback = strcmp(key, "session.disable_cpu_ep_fallback") == 0;
  // Everything runs on the CPU here: the real library would refuse, and does where that is wanted.
  if (fallback && !fake::number("FAKE_GPU_CPU_NODES", 0)) return nullptr;
  return call<AddSessionConfigEntry>(options, key, value);
}

Status* assignment(const Session* session, const EpAssignedSubgraph* const** list, size_t* count) {
  if (!fake::number("FAKE_GPU_CPU_NODES", 0)) {
    *count = 0;
    return nullptr;
  }
  return call<SessionGetAssignment>(session, list, count);
}

Status* create_tensor(const MemoryInfo* info, void* data, size_t bytes, const int64_t* shape,
                      size_t rank, int type, Value** out) {
  if (rank == 2) rows = shape[0];  // the ids; a list of positions has one axis
  return call<CreateTensorWithDataAsOrtValue>(info, data, bytes, shape, rank, type, out);
}

Status* run(Session* session, const RunOptions* options, const IoBinding* binding) {
  const long most = fake::number("FAKE_GPU_ROWS_MAX", -1);
  if (most >= 0 && rows > most) {
    return failure("BFCArena: Available memory of 1 is smaller than requested bytes of 2");
  }
  fake::log("run %ld rows", static_cast<long>(rows));
  if (running == nullptr) return call<RunWithBinding>(session, options, binding);
  running->run();  // the ids must be up before the model reads them
  fake::count_run(running);
  return call<RunWithBinding>(session, options, binding);
}

// The CPU provider runs them here; what they call is told apart by the library that has their kernels.
Status* add_operator(CustomOpDomain* domain, const CustomOp* op) {
  const_cast<CustomOp*>(op)->provider = [](const CustomOp*) -> const char* { return nullptr; };
  return call<AddCustomOp>(domain, op);
}

Status* kernel_stream(const KernelContext*, void** stream) {
  *stream = running;
  return nullptr;
}

template <class F>
void replace(typename F::Function function) {
  table[F::slot] = reinterpret_cast<const void*>(function);
}

const void* const* get_api(uint32_t version) {
  return real_base->get_api(version) == nullptr ? nullptr : table;
}

const char* version_string() { return real_base->version_string(); }

}  // namespace

extern "C" __attribute__((visibility("default"))) const ApiBase* OrtGetApiBase() {
  static const ApiBase base = {get_api, version_string};
  if (real != nullptr) return &base;
  void* handle = dlopen(getenv("FAKE_GPU_RUNTIME"), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return nullptr;
  real_base = reinterpret_cast<const ApiBase* (*)()>(dlsym(handle, "OrtGetApiBase"))();
  real = real_base->get_api(kAssignmentApiVersion);
  memcpy(table, real, sizeof(table));
  replace<CreateCudaProviderOptions>(create_options);
  replace<UpdateCudaProviderOptions>(update_options);
  replace<UpdateCudaProviderOptionsWithValue>(update_with_value);
  replace<AppendCudaV2>(append_classic);
  replace<ReleaseCudaProviderOptions>(release_options);
  replace<RegisterProviderLibrary>(register_library);
  replace<GetEpDevices>(ep_devices);
  replace<EpDeviceName>(ep_name);
  replace<EpDeviceOptions>(ep_options);
  replace<AppendProviderV2>(append_plugin);
  replace<CreateMemoryInfo>(memory_info);
  replace<AddSessionConfigEntry>(config_entry);
  replace<SessionGetAssignment>(assignment);
  replace<CreateTensorWithDataAsOrtValue>(create_tensor);
  replace<RunWithBinding>(run);
  replace<AddCustomOp>(add_operator);
  replace<GetKernelStream>(kernel_stream);
  return &base;
}
