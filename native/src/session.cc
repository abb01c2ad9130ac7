// The session on ONNX Runtime's C API, with both ends bound to fixed memory.
#include "session.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "coded_failure.h"
#include "id_buffer.h"
#include "open_session.h"
#include "provider.h"
#include "session_parts.h"
#include "tensors.h"

using namespace bpb::ort;

namespace {

// A value's description together with the memory it points into.
struct OwnedValueInfo {
  std::string name;
  std::vector<int64_t> dims;
};

}  // namespace

struct bpb_session {
  const Library& library;
  const std::shared_ptr<bpb::Provider> provider;  // outlives all that follows
  std::string tokens_input, logits_output, cpu_nodes;
  int tokens_type = 0;

  Owned<Session, ReleaseSession> session{library};
  Owned<RunOptions, ReleaseRunOptions> run_options{library};
  Owned<MemoryInfo, ReleaseMemoryInfo> memory{library};  // the provider's
  Owned<IoBinding, ReleaseIoBinding> binding{library};
  Owned<Value, ReleaseValue> input{library};

  std::deque<OwnedValueInfo> owned;  // a deque, so that c_str() and data() stay put
  std::vector<bpb_value_info> values[2];

  // The bound input; the output is bound by the same shape, and kept from run to run.
  bpb::IdBuffer ids;
  void* bound = nullptr;
  size_t rows = 0, time = 0;

  bpb_session(const Library& lib, const bpb_session_options& options)
      : library(lib),
        provider(bpb::make_provider(options)),
        tokens_input(options.tokens_input),
        logits_output(options.logits_output) {
    cpu_nodes = bpb::open_session(library, *provider, options, session);
    describe<SessionGetInputCount, SessionGetInputName, SessionGetInputTypeInfo>(values[0]);
    describe<SessionGetOutputCount, SessionGetOutputName, SessionGetOutputTypeInfo>(values[1]);
    tokens_type = bpb::session_input_type(this, tokens_input.c_str());
    library.call<CreateRunOptions>(run_options.out());
    // Failures come back as messages; the runtime need not print them as well.
    library.call<RunOptionsSetRunLogSeverityLevel>(run_options.get(), static_cast<int>(kLogFatal));
    library.call<CreateIoBinding>(session.get(), binding.out());
    provider->create_memory_info(library, memory.out());
    if (provider->device() != nullptr) {
      // What follows on the stream waits for the run; the host need not.
      library.call<AddRunConfigEntry>(run_options.get(), "disable_synchronize_execution_providers",
                                      "1");
    }
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
      if (tensor != nullptr) type = bpb::read_tensor_info(library, tensor, own.dims);
      into.push_back({own.name.c_str(), type, own.dims.data(), own.dims.size()});
    }
  }

  // Binds both ends where the memory or the shape is new.
  void bind(void* data, size_t new_rows, size_t new_time) {
    const bool same_shape = rows == new_rows && time == new_time;
    if (same_shape && bound == data) return;
    rows = time = 0;  // nothing is bound until all of it is
    library.call<ClearBoundInputs>(binding.get());
    if (!same_shape) library.call<ClearBoundOutputs>(binding.get());
    input.reset();
    const size_t bytes = new_rows * new_time * bpb::IdBuffer::size(tokens_type);
    bpb::create_tensor(library, memory.get(), data, bytes,
                       {static_cast<int64_t>(new_rows), static_cast<int64_t>(new_time)},
                       tokens_type == kInt32 ? kInt32 : kInt64, input.out());
    library.call<BindInput>(binding.get(), tokens_input.c_str(),
                            static_cast<const Value*>(input.get()));
    if (!same_shape) {
      library.call<BindOutputToDevice>(binding.get(), logits_output.c_str(),
                                       static_cast<const MemoryInfo*>(memory.get()));
    }
    bound = data;
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
    return bpb::read_logits(library, provider->location(), output.get(), rows, time, logits, error);
  }
};

namespace {

// Runs on bound memory; whatever fails is told in `error`.
int run(bpb_session* session, void* data, size_t rows, size_t time, bpb_logits* logits,
        bpb_error* error) {
  try {
    session->bind(data, rows, time);
    session->library.call<RunWithBinding>(
        session->session.get(), static_cast<const RunOptions*>(session->run_options.get()),
        static_cast<const IoBinding*>(session->binding.get()));
    if (session->read_output(logits, error)) return 0;
  } catch (const std::exception& failure) {
    BPB_FAIL(error, session->provider->run_failure(failure.what()), "%s", failure.what());
  }
  session->rows = session->time = 0;  // whatever is bound now is not to be built upon
  return 1;
}

}  // namespace

extern "C" bpb_session* bpb_session_open(const bpb_session_options* options, bpb_error* error) {
  const char* code = "BPB_LIBRARY";
  try {
    const Library& library = Library::at(options->library);
    code = "BPB_OPEN";
    return new bpb_session(library, *options);
  } catch (const bpb::CodedFailure& failure) {
    BPB_FAIL(error, failure.code, "%s", failure.what());
  } catch (const std::exception& failure) {
    BPB_FAIL(error, code, "%s", failure.what());
  }
  return nullptr;
}

extern "C" const bpb_value_info* bpb_session_values(const bpb_session* session, int kind,
                                                    size_t* count) {
  *count = session->values[kind].size();
  return session->values[kind].data();
}

extern "C" const char* bpb_session_runtime_version(const bpb_session* session) {
  return session->library.version().c_str();
}

extern "C" const char* bpb_session_cpu_nodes(const bpb_session* session) {
  return session->cpu_nodes.c_str();
}

extern "C" int bpb_session_tokens_type(const bpb_session* session) { return session->tokens_type; }

extern "C" int bpb_session_run(bpb_session* session, const int32_t* ids, size_t rows, size_t time,
                               bpb_logits* logits, bpb_error* error) {
  void* kept = nullptr;
  try {
    kept = session->ids.fill(ids, rows * time, session->tokens_type);
  } catch (const std::exception& failure) {
    BPB_FAIL(error, "BPB_RUN", "%s", failure.what());
    return 1;
  }
  return run(session, kept, rows, time, logits, error);
}

extern "C" int bpb_session_run_at(bpb_session* session, void* ids, size_t rows, size_t time,
                                  bpb_logits* logits, bpb_error* error) {
  return run(session, ids, rows, time, logits, error);
}

bpb::CudaDevice* bpb::session_device(bpb_session* session) { return session->provider->device(); }

bpb::SessionParts bpb::session_parts(bpb_session* session) {
  return {session->library, session->provider, session->session.get(), session->run_options.get(),
          session->memory.get()};
}

int bpb::session_input_type(const bpb_session* session, const char* name) {
  for (const bpb_value_info& value : session->values[0]) {
    if (std::string(name) == value.name) return value.type;
  }
  return 0;
}

extern "C" void bpb_session_cancel(bpb_session* session) {
  try {
    session->library.call<RunOptionsSetTerminate>(session->run_options.get());
  } catch (const Failure&) {
    // Then the run goes on to its own end.
  }
}

extern "C" void bpb_session_close(bpb_session* session) { delete session; }
