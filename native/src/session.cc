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
#include "run_settings.h"
#include "session_parts.h"
#include "tensors.h"

using namespace bpb::ort;

namespace {

// A value's description together with the memory it points into.
struct OwnedValueInfo {
  std::string name;
  std::vector<int64_t> dims;
};

// What a run reads, in the provider's memory.
struct Inputs {
  void* ids = nullptr;
  size_t rows = 0, time = 0;
  void* positions = nullptr;  // int64
  size_t count = 0;           // 0 where the graph takes no positions
  bool same_shape(const Inputs& other) const {
    return rows == other.rows && time == other.time && count == other.count;
  }
};

}  // namespace

struct bpb_session {
  const Library& library;
  const std::shared_ptr<bpb::Provider> provider;     // outlives all that follows
  std::string tokens, logits, positions, cpu_nodes;  // names of inputs and outputs; then nodes
  int tokens_type = 0;
  std::unique_ptr<bpb::OperatorDomain>
      operators;  // null where the graph has none; outlives the session

  Owned<Session, ReleaseSession> session{library};
  bpb::RunSettings runs;
  Owned<MemoryInfo, ReleaseMemoryInfo> memory{library};  // the provider's
  Owned<IoBinding, ReleaseIoBinding> binding{library};
  Owned<Value, ReleaseValue> input{library}, picks{library};

  std::deque<OwnedValueInfo> owned;  // a deque, so that c_str() and data() stay put
  std::vector<bpb_value_info> values[2];

  // The inputs that are bound, and the shape that the output is bound for.
  bpb::IdBuffer ids;
  std::vector<int64_t> wide_positions;
  Inputs bound;

  bpb_session(const Library& lib, const bpb_session_options& options)
      : library(lib),
        provider(bpb::make_provider(options)),
        tokens(options.graph.tokens),
        logits(options.graph.logits),
        positions(options.graph.positions != nullptr ? options.graph.positions : ""),
        runs(lib, provider->device() != nullptr) {
    if (options.graph.operators) {
      operators = std::make_unique<bpb::OperatorDomain>(library, bpb::Backend{provider->operators(),
                                                                              bpb_best_isa()});
    }
    cpu_nodes = bpb::open_session(library, *provider, operators.get(), options, session);
    describe<SessionGetInputCount, SessionGetInputName, SessionGetInputTypeInfo>(values[0]);
    describe<SessionGetOutputCount, SessionGetOutputName, SessionGetOutputTypeInfo>(values[1]);
    tokens_type = bpb::session_input_type(this, tokens.c_str());
    library.call<CreateIoBinding>(session.get(), binding.out());
    provider->create_memory_info(library, memory.out());
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

  void bind_input(const std::string& name, void* data, int type, const std::vector<int64_t>& dims,
                  Owned<Value, ReleaseValue>& value) {
    size_t bytes = bpb::IdBuffer::size(type);
    for (const int64_t size : dims) bytes *= static_cast<size_t>(size);
    value.reset();
    bpb::create_tensor(library, memory.get(), data, bytes, dims, type, value.out());
    library.call<BindInput>(binding.get(), name.c_str(), static_cast<const Value*>(value.get()));
  }

  // Binds the inputs where their memory or shape is new, and the output for every run on a device:
  // the binding would otherwise keep the value of the run before next to the new one, two buffers of
  // logits for one. On the CPU the value is overwritten.
  void bind(const Inputs& next) {
    const bool same_shape = bound.same_shape(next);
    const bool same = same_shape && bound.ids == next.ids && bound.positions == next.positions;
    bound = {};  // nothing is bound until all of it is
    if (!same) bind_inputs(next);
    if (!same_shape || provider->device() != nullptr) {
      library.call<ClearBoundOutputs>(binding.get());
      library.call<BindOutputToDevice>(binding.get(), logits.c_str(),
                                       static_cast<const MemoryInfo*>(memory.get()));
    }
    bound = next;
  }

  void bind_inputs(const Inputs& next) {
    library.call<ClearBoundInputs>(binding.get());
    bind_input(tokens, next.ids, tokens_type == kInt32 ? kInt32 : kInt64,
               {static_cast<int64_t>(next.rows), static_cast<int64_t>(next.time)}, input);
    if (positions.empty()) return;
    bind_input(positions, next.positions, kInt64, {static_cast<int64_t>(next.count)}, picks);
  }

  // The bound output as a matrix; false with `error` filled where it is not [rows, time, vocab], or
  // [1, count, vocab] of given positions.
  bool read_output(bpb_logits* logits, bpb_error* error) {
    Value** list = nullptr;
    size_t count = 0;
    library.call<GetBoundOutputValues>(static_cast<const IoBinding*>(binding.get()),
                                       library.allocator(), &list, &count);
    // The binding owns the value until the next run; this is a second reference to it.
    Owned<Value, ReleaseValue> output{library};
    if (count > 0) *output.out() = list[0];
    library.call<AllocatorFree>(library.allocator(), static_cast<void*>(list));
    const size_t rows = bound.count > 0 ? 1 : bound.rows;
    const size_t time = bound.count > 0 ? bound.count : bound.time;
    return bpb::read_logits(library, provider->location(), output.get(), rows, time, logits, error);
  }
};

namespace {

// Runs on bound memory; a failure is reported in `error`.
int run(bpb_session* session, const Inputs& inputs, bpb_logits* logits, bpb_error* error) {
  try {
    if (session->positions.empty() != (inputs.count == 0)) {
      throw Failure(inputs.count == 0 ? "the graph wants positions, and none are given"
                                      : "the graph takes no positions");
    }
    session->bind(inputs);
    session->library.call<RunWithBinding>(session->session.get(), session->runs.next(),
                                          static_cast<const IoBinding*>(session->binding.get()));
    if (session->read_output(logits, error)) return 0;
  } catch (const std::exception& failure) {
    BPB_FAIL(error, session->provider->run_failure(failure.what()), "%s", failure.what());
  }
  session->bound = {};  // what is bound now is no longer valid
  return 1;
}

}  // namespace

extern "C" bpb_session* bpb_session_open(const bpb_session_options* options, bpb_error* error) {
  const char* code = "BPB_LIBRARY";
  try {
    const Library& library = Library::at(options->runtime.library);
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
                               const uint32_t* positions, size_t count, bpb_logits* logits,
                               bpb_error* error) {
  Inputs inputs{nullptr, rows, time, nullptr, count};
  try {
    inputs.ids = session->ids.fill(ids, rows * time, session->tokens_type);
    session->wide_positions.assign(positions, positions + count);
    inputs.positions = session->wide_positions.data();
  } catch (const std::exception& failure) {
    BPB_FAIL(error, "BPB_RUN", "%s", failure.what());
    return 1;
  }
  return run(session, inputs, logits, error);
}

extern "C" int bpb_session_run_at(bpb_session* session, void* ids, size_t rows, size_t time,
                                  void* positions, size_t count, bpb_logits* logits,
                                  bpb_error* error) {
  return run(session, {ids, rows, time, positions, count}, logits, error);
}

bpb::CudaDevice* bpb::session_device(bpb_session* session) { return session->provider->device(); }

bpb::SessionParts bpb::session_parts(bpb_session* session) {
  return {session->library, session->provider, session->session.get(), session->runs,
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
    session->runs.terminate();
  } catch (const Failure&) {
    // Then the run goes on to its own end.
  }
}

extern "C" void bpb_session_close(bpb_session* session) { delete session; }
