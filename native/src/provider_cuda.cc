// The CUDA provider in both of its forms: classic (options of its own) and plugin (registered).
#include "provider_cuda.h"

#include <stdlib.h>
#include <string.h>

#include <mutex>
#include <set>
#include <vector>

#include "coded_failure.h"
#include "cuda_device.h"
#include "cuda_library.h"

using namespace bpb::ort;

namespace bpb {

namespace {

constexpr char kRegistration[] = "bpb_cuda";
constexpr char kClassicName[] = "CUDAExecutionProvider";
constexpr char kLibraryName[] = "libonnxruntime_providers_cuda.so";

// Kernels that attention may take, by the bits of AttentionBackend (attention_common.h of ONNX
// Runtime): its own flash and memory-efficient ones and plain products, never cuDNN's, which would be
// taken exactly where that library is found: other bits, and plans that are built in the first batch.
constexpr int kFlash = 1, kMemoryEfficient = 2, kProducts = 16;
constexpr int kAttentionKernels = kFlash | kMemoryEfficient | kProducts;

// Bit 2: products of 16-bit factors that are cut along their inner dimension add the parts in fp32,
// where cuBLAS may else add them in 16 bits. No provider option says so, only the environment, which the
// provider reads before its first such product. Whatever was there would change the score unseen.
void settle_products() {
  static std::once_flag once;
  std::call_once(once, [] { setenv("ORT_CUDA_GEMM_OPTIONS", "2", 1); });
}

// Keys and values as the runtime takes them.
struct Settings {
  std::vector<std::string> keys, values;
  void add(const char* key, const std::string& value) {
    keys.push_back(key);
    values.push_back(value);
  }
  static std::vector<const char*> pointers(const std::vector<std::string>& texts) {
    std::vector<const char*> list;
    for (const std::string& text : texts) list.push_back(text.c_str());
    return list;
  }
};

Settings settings_of(const bpb_cuda_options& options, const CudaDevice& device) {
  Settings settings;
  settings.add("device_id", std::to_string(device.index()));
  settings.add("use_tf32", options.tf32 ? "1" : "0");
  // The arena grows by what is asked for, never to the next power of two, and never beyond the share.
  settings.add("arena_extend_strategy", "kSameAsRequested");
  const double limit = static_cast<double>(device.free_bytes()) * options.memory_share;
  settings.add("gpu_mem_limit", std::to_string(static_cast<uint64_t>(limit)));
  // The exhaustive search times the algorithms, and so may choose others in the next run.
  settings.add("cudnn_conv_algo_search", "HEURISTIC");
  settings.add("do_copy_in_default_stream", "1");
  settings.add("sdpa_kernel", std::to_string(kAttentionKernels));
  return settings;
}

// The library's folder is the runtime's own: the runtime searches it for the classic form.
std::string library_beside(const std::string& runtime) {
  const size_t slash = runtime.rfind('/');
  return (slash == std::string::npos ? "" : runtime.substr(0, slash + 1)) + kLibraryName;
}

class CudaOptions {
 public:
  explicit CudaOptions(const Library& library) : library_(library) {
    library_.call<CreateCudaProviderOptions>(&options_);
  }
  ~CudaOptions() { library_.call<ReleaseCudaProviderOptions>(options_); }
  CudaOptions(const CudaOptions&) = delete;
  // The first update loads the provider's library.
  void update(const Settings& settings) {
    library_.call<UpdateCudaProviderOptions>(
        options_, static_cast<const char* const*>(Settings::pointers(settings.keys).data()),
        static_cast<const char* const*>(Settings::pointers(settings.values).data()),
        settings.keys.size());
  }
  CudaProviderOptions* get() const { return options_; }

 private:
  const Library& library_;
  CudaProviderOptions* options_ = nullptr;
};

void append_classic(const Library& library, SessionOptions* session, const Settings& settings,
                    void* stream) {
  CudaOptions cuda(library);
  cuda.update(settings);
  library.call<UpdateCudaProviderOptionsWithValue>(cuda.get(), "user_compute_stream", stream);
  library.call<AppendCudaV2>(session, static_cast<const CudaProviderOptions*>(cuda.get()));
}

// Registers the library once in a process. Throws Failure.
void register_plugin(const Library& library) {
  if (!library.has_api(kPluginApiVersion)) {
    throw Failure("ONNX Runtime " + library.version() + " knows no plugin providers");
  }
  static std::mutex& mutex = *new std::mutex;
  static auto& registered = *new std::set<std::string>;
  std::lock_guard<std::mutex> lock(mutex);
  if (registered.count(library.path()) > 0) return;
  library.call<RegisterProviderLibrary>(const_cast<Env*>(library.env()), kRegistration,
                                        library_beside(library.path()).c_str());
  registered.insert(library.path());
}

std::vector<const EpDevice*> plugin_devices(const Library& library) {
  const EpDevice* const* list = nullptr;
  size_t count = 0;
  library.call<GetEpDevices>(library.env(), &list, &count);
  std::vector<const EpDevice*> found;
  for (size_t i = 0; i < count; i++) {
    const std::string name = library.call<EpDeviceName>(list[i]);
    if (name.find("CUDA") != std::string::npos || name.find("Cuda") != std::string::npos) {
      found.push_back(list[i]);
    }
  }
  return found;
}

// The one that says it is device `index`; where none says, the one at that place.
const EpDevice* plugin_device(const Library& library, int index) {
  const std::vector<const EpDevice*> devices = plugin_devices(library);
  for (const EpDevice* device : devices) {
    const KeyValuePairs* options = library.call<EpDeviceOptions>(device);
    const char* id = options ? library.call<GetKeyValue>(options, "device_id") : nullptr;
    if (id != nullptr && std::to_string(index) == id) return device;
  }
  if (static_cast<size_t>(index) < devices.size()) return devices[index];
  throw Failure("the plugin provider offers no CUDA device " + std::to_string(index));
}

// The name of the provider, which is the plugin's own.
std::string append_plugin(const Library& library, SessionOptions* session, Settings settings,
                          int index, void* stream) {
  register_plugin(library);
  const EpDevice* const device = plugin_device(library, index);
  settings.add("has_user_compute_stream", "1");
  settings.add("user_compute_stream", std::to_string(reinterpret_cast<uintptr_t>(stream)));
  library.call<AppendProviderV2>(
      session, const_cast<Env*>(library.env()), static_cast<const EpDevice* const*>(&device),
      size_t{1}, static_cast<const char* const*>(Settings::pointers(settings.keys).data()),
      static_cast<const char* const*>(Settings::pointers(settings.values).data()),
      settings.keys.size());
  return library.call<EpDeviceName>(device);
}

class CudaProvider : public Provider {
 public:
  explicit CudaProvider(const bpb_cuda_options& options)
      : options_(options),
        form_(options.form),
        library_(CudaLibrary::at(options.library)),
        device_(options.library, options.device) {}

  bpb_location location() const override { return BPB_CUDA; }

  void append(const Library& library, SessionOptions* session) override {
    const Settings settings = settings_of(options_, device_);
    std::string reasons;
    for (const char* form : {"classic", "plugin"}) {
      if (form_ != "auto" && form_ != form) continue;
      try {
        if (strcmp(form, "classic") == 0) {
          append_classic(library, session, settings, device_.stream());
          name_ = kClassicName;
        } else {
          name_ = append_plugin(library, session, settings, device_.index(), device_.stream());
        }
        return;
      } catch (const Failure& failure) {
        reasons += (reasons.empty() ? "" : "; ") + std::string(form) + ": " + failure.what();
      }
    }
    throw CodedFailure("BPB_CUDA_PROVIDER", reasons);
  }

  void create_memory_info(const Library& library, MemoryInfo** out) const override {
    library.call<CreateMemoryInfo>("Cuda", static_cast<int>(kDeviceAllocator), device_.index(),
                                   static_cast<int>(kMemoryDefault), out);
  }

  const char* run_failure(const std::string& message) const override {
    return cuda_run_failure(message);
  }

  std::string name() const override { return name_; }
  CudaDevice* device() override { return &device_; }
  const CudaLibrary* operators() const override { return &library_; }

 private:
  bpb_cuda_options options_;  // its strings are the caller's; only the numbers are read later
  std::string form_;
  std::string name_;  // of the form that was appended
  const CudaLibrary& library_;
  CudaDevice device_;
};

}  // namespace

std::unique_ptr<Provider> make_cuda_provider(const bpb_cuda_options& options) {
  settle_products();
  return std::make_unique<CudaProvider>(options);
}

std::string probe_cuda_provider(const Library& library, const std::string& form) {
  try {
    if (form == "plugin") {
      register_plugin(library);
      if (plugin_devices(library).empty()) return "the library is there, but offers no device";
      return "";
    }
    Settings settings;
    settings.add("device_id", "0");
    CudaOptions(library).update(settings);
    return "";
  } catch (const Failure& failure) {
    return failure.what();
  }
}

const char* cuda_run_failure(const std::string& message) {
  struct Words {
    const char* code;
    std::vector<const char*> texts;
  };
  static const Words kWords[] = {
      // The arena's words for its limit, CUDA's and its libraries' for the device's end.
      {"BPB_CUDA_MEMORY",
       {"smaller than requested bytes", "Failed to allocate memory", "out of memory",
        "_ALLOC_FAILED", "cudaErrorMemoryAllocation"}},
      // It is opened by the first kernel that asks for it, and may not be there or not do.
      {"BPB_CUDNN",
       {"cuDNN is unavailable", "cuDNN is not available", "libcudnn", "CUDNN failure",
        "CUDNN_STATUS", "CUDNN_FE"}},
      {"BPB_CUDA_RUN",
       {"CUDA failure", "CUDA error", "CUBLAS failure", "CUBLAS_STATUS", "cudaError"}},
  };
  for (const Words& words : kWords) {
    for (const char* text : words.texts) {
      if (message.find(text) != std::string::npos) return words.code;
    }
  }
  return "BPB_RUN";
}

}  // namespace bpb
