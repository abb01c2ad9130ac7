// The session on ONNX Runtime's C API, with both ends bound to fixed memory.
#include "session.h"

#include <deque>
#include <string>
#include <vector>

#include "provider.h"

using namespace bpb::ort;

namespace {

// A value's description together with the memory it points into.
struct OwnedValueInfo {
  std::string name;
  std::vector<int64_t> dims;
};

std::string shape_text(const std::vector<int64_t>& dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); i++) text += (i ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

}  // namespace

struct bpb_session {
  const Library& library;
  const bpb::Provider& provider;
  std::string tokens_input, logits_output;
  int tokens_type = 0;

  Owned<Session, ReleaseSession> session{library};
  Owned<RunOptions, ReleaseRunOptions> run_options{library};
  Owned<MemoryInfo, ReleaseMemoryInfo> cpu_memory{library}, logits_memory{library};
  Owned<IoBinding, ReleaseIoBinding> binding{library};
  Owned<Value, ReleaseValue> input{library};

  std::deque<OwnedValueInfo> owned;  // a deque, so that c_str() and data() stay put
  std::vector<bpb_value_info> values[2];

  // The bound input; the output is bound by the same shape, and kept from run to run.
  std::vector<int64_t> wide_ids;
  std::vector<int32_t> narrow_ids;
  size_t rows = 0, time = 0;

  bpb_session(const Library& lib, const bpb::Provider& prov, const bpb_session_options& options)
      : library(lib),
        provider(prov),
        tokens_input(options.tokens_input),
        logits_output(options.logits_output) {
    create(options);
    describe<SessionGetInputCount, SessionGetInputName, SessionGetInputTypeInfo>(values[0]);
    describe<SessionGetOutputCount, SessionGetOutputName, SessionGetOutputTypeInfo>(values[1]);
    for (const auto& value : values[0]) {
      if (tokens_input == value.name) tokens_type = value.type;
    }
    library.call<CreateRunOptions>(run_options.out());
    // Failures come back as messages; the runtime need not print them as well.
    library.call<RunOptionsSetRunLogSeverityLevel>(run_options.get(), static_cast<int>(kLogFatal));
    library.call<CreateIoBinding>(session.get(), binding.out());
    library.call<CreateCpuMemoryInfo>(static_cast<int>(kDeviceAllocator),
                                      static_cast<int>(kMemoryDefault), cpu_memory.out());
    provider.create_memory_info(library, logits_memory.out());
  }

  void create(const bpb_session_options& options) {
    Owned<SessionOptions, ReleaseSessionOptions> made{library};
    library.call<CreateSessionOptions>(made.out());
    SessionOptions* o = made.get();
    library.call<SetSessionLogSeverityLevel>(o, static_cast<int>(kLogFatal));
    library.call<SetSessionGraphOptimizationLevel>(
        o, static_cast<int>(options.optimize ? kOptimizeAll : kOptimizeNothing));
    library.call<SetIntraOpNumThreads>(o, options.threads);
    library.call<SetInterOpNumThreads>(o, 1);
    for (size_t i = 0; i < options.config_count; i++) {
      library.call<AddSessionConfigEntry>(o, options.config[2 * i], options.config[2 * i + 1]);
    }
    provider.append(library, o);
    library.call<CreateSessionFromArray>(library.env(), options.model, options.model_size,
                                         static_cast<const SessionOptions*>(o), session.out());
  }

  template <class Count, class Name, class Info>
  void describe(std::vector<bpb_value_info>& into) {
    const Session* s = session.get();
    size_t count = 0;
    library.call<Count>(s, &count);
    for (size_t i = 0; i < count; i++) {
      OwnedValueInfo& own = owned.emplace_back();
      char* name = nullptr;
      library.call<Name>(s, i, library.allocator(), &name);
      own.name = name;
      library.call<AllocatorFree>(library.allocator(), static_cast<void*>(name));
      Owned<TypeInfo, ReleaseTypeInfo> info{library};
      library.call<Info>(s, i, info.out());
      const TensorInfo* tensor = nullptr;  // borrowed from `info`
      library.call<CastTypeInfoToTensorInfo>(static_cast<const TypeInfo*>(info.get()), &tensor);
      int type = 0;
      if (tensor != nullptr) type = read_tensor_info(tensor, own.dims);
      into.push_back({own.name.c_str(), type, own.dims.data(), own.dims.size()});
    }
  }

  int read_tensor_info(const TensorInfo* tensor, std::vector<int64_t>& dims) {
    int type = 0;
    size_t rank = 0;
    library.call<GetTensorElementType>(tensor, &type);
    library.call<GetDimensionsCount>(tensor, &rank);
    dims.resize(rank);
    library.call<GetDimensions>(tensor, dims.data(), rank);
    return type;
  }

  // Fills the bound input; rebinds both ends when the shape is new.
  void bind(const int32_t* ids, size_t new_rows, size_t new_time) {
    const size_t count = new_rows * new_time;
    const bool narrow = tokens_type == kInt32;
    const bool reuse = rows == new_rows && time == new_time;
    if (!reuse) {
      rows = time = 0;  // nothing is bound until all of it is
      library.call<ClearBoundInputs>(binding.get());
      library.call<ClearBoundOutputs>(binding.get());
      input.reset();
    }
    if (narrow) {
      narrow_ids.assign(ids, ids + count);
    } else {
      wide_ids.assign(ids, ids + count);
    }
    if (reuse) return;  // the same size: assign() did not move the memory
    const int64_t shape[2] = {static_cast<int64_t>(new_rows), static_cast<int64_t>(new_time)};
    void* data = narrow ? static_cast<void*>(narrow_ids.data()) : wide_ids.data();
    const size_t bytes = count * (narrow ? sizeof(int32_t) : sizeof(int64_t));
    library.call<CreateTensorWithDataAsOrtValue>(
        static_cast<const MemoryInfo*>(cpu_memory.get()), data, bytes,
        static_cast<const int64_t*>(shape), size_t{2},
        static_cast<int>(narrow ? kInt32 : kInt64), input.out());
    library.call<BindInput>(binding.get(), tokens_input.c_str(),
                            static_cast<const Value*>(input.get()));
    library.call<BindOutputToDevice>(binding.get(), logits_output.c_str(),
                                     static_cast<const MemoryInfo*>(logits_memory.get()));
    rows = new_rows;
    time = new_time;
  }

  // The bound output as a matrix; false with `error` filled where it is not [rows, time, vocab].
  bool read_output(bpb_logits* logits, bpb_error* error) {
    Value** list = nullptr;
    size_t count = 0;
    library.call<GetBoundOutputValues>(static_cast<const IoBinding*>(binding.get()),
                                       library.allocator(), &list, &count);
    // The binding keeps the value alive until the next run; ours is a second hold on it.
    Owned<Value, ReleaseValue> output{library};
    if (count > 0) *output.out() = list[0];
    library.call<AllocatorFree>(library.allocator(), static_cast<void*>(list));
    Owned<TensorInfo, ReleaseTensorInfo> info{library};
    library.call<GetTensorTypeAndShape>(static_cast<const Value*>(output.get()), info.out());
    std::vector<int64_t> dims;
    const int type = read_tensor_info(info.get(), dims);
    if (dims.size() != 3 || dims[0] != static_cast<int64_t>(rows) ||
        dims[1] != static_cast<int64_t>(time) || dims[2] < 1) {
      BPB_FAIL(error, "BPB_OUTPUT", "expected [%zu, %zu, vocabulary], got %s", rows, time,
               shape_text(dims).c_str());
      return false;
    }
    if (type != kFloat && type != kFloat16 && type != kBFloat16) {
      BPB_FAIL(error, "BPB_OUTPUT", "expected fp32, fp16 or bf16 logits, got ONNX type %d", type);
      return false;
    }
    void* data = nullptr;
    library.call<GetTensorMutableData>(output.get(), &data);
    const size_t vocab = static_cast<size_t>(dims[2]);
    *logits = {data, static_cast<bpb_type>(type), provider.location, rows * time, vocab, vocab};
    return true;
  }
};

extern "C" bpb_session* bpb_session_open(const bpb_session_options* options, bpb_error* error) {
  const char* code = "BPB_LIBRARY";
  try {
    const Library& library = Library::at(options->library);
    code = "BPB_OPEN";
    const bpb::Provider* provider = bpb::find_provider(options->provider);
    if (provider == nullptr) {
      BPB_FAIL(error, code, "no provider is called %s", options->provider);
      return nullptr;
    }
    return new bpb_session(library, *provider, *options);
  } catch (const std::exception& failure) {
    BPB_FAIL(error, code, "%s", failure.what());
    return nullptr;
  }
}

extern "C" const bpb_value_info* bpb_session_values(const bpb_session* session, int kind,
                                                    size_t* count) {
  *count = session->values[kind].size();
  return session->values[kind].data();
}

extern "C" const char* bpb_session_runtime_version(const bpb_session* session) {
  return session->library.version().c_str();
}

extern "C" int bpb_session_run(bpb_session* session, const int32_t* ids, size_t rows, size_t time,
                               bpb_logits* logits, bpb_error* error) {
  try {
    session->bind(ids, rows, time);
    session->library.call<RunWithBinding>(
        session->session.get(), static_cast<const RunOptions*>(session->run_options.get()),
        static_cast<const IoBinding*>(session->binding.get()));
    if (session->read_output(logits, error)) return 0;
  } catch (const std::exception& failure) {
    BPB_FAIL(error, "BPB_RUN", "%s", failure.what());
  }
  session->rows = session->time = 0;  // whatever is bound now is not to be built upon
  return 1;
}

extern "C" void bpb_session_cancel(bpb_session* session) {
  try {
    session->library.call<RunOptionsSetTerminate>(session->run_options.get());
  } catch (const Failure&) {
    // Then the run goes on to its own end.
  }
}

extern "C" void bpb_session_close(bpb_session* session) { delete session; }
