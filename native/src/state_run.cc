// Run of a session with a state, on a binding of its own.
#include "state_run.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "coded_failure.h"
#include "id_buffer.h"
#include "tensors.h"

using namespace bpb::ort;

namespace bpb {

namespace {

const char* type_name(int type) {
  switch (type) {
    case kFloat: return "float32";
    case kFloat16: return "float16";
    case kInt32: return "int32";
    case kInt64: return "int64";
    default: return nullptr;
  }
}

// "float32 [2, 8]"
std::string describe(int type, const std::vector<int64_t>& dims) {
  const char* name = type_name(type);
  return (name != nullptr ? name : "ONNX type " + std::to_string(type)) + (" " + shape_text(dims));
}

}  // namespace

StateRun::StateRun(bpb_session* session, StatePorts ports)
    : parts_(session_parts(session)),
      ports_(std::move(ports)),
      memory_(parts_),
      tokens_type_(id_type(ports_.tokens, session)),
      targets_type_(id_type(ports_.targets, session)),
      binding_(parts_.library) {
  const auto absent = [&](const StatePorts::Port& port) {
    return session_input_type(session, port.name.c_str()) == 0;
  };
  auto& reads = ports_.reads;
  reads.erase(std::remove_if(reads.begin(), reads.end(), absent), reads.end());
  parts_.library.call<CreateIoBinding>(parts_.session, binding_.out());
}

int StateRun::id_type(const std::string& name, const bpb_session* session) const {
  if (name.empty()) return 0;
  const int type = session_input_type(session, name.c_str());
  if (type == kInt32 || type == kInt64) return type;
  throw CodedFailure("BPB_OPEN", "there is no input \"" + name + "\" of int64 or int32");
}

double StateRun::run(State& state, const PlacedIds& tokens, const PlacedIds& targets, bool carry) {
  state.drop_staged();
  logits_.reset();
  try {
    bind(state, tokens, targets, carry);
    const auto start = std::chrono::steady_clock::now();
    parts_.library.call<RunWithBinding>(parts_.session, parts_.runs.next(),
                                        static_cast<const IoBinding*>(binding_.get()));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    collect(state, carry);
    unbind();
    return seconds.count();
  } catch (const Failure& failure) {
    unbind();
    state.drop_staged();
    throw CodedFailure(parts_.provider->run_failure(failure.what()), failure.what());
  } catch (...) {
    unbind();
    state.drop_staged();
    throw;
  }
}

bpb_logits StateRun::logits(size_t rows, size_t time) {
  if (logits_ == nullptr) throw CodedFailure("BPB_OUTPUT", "the graph gives no logits");
  bpb_logits logits;
  bpb_error error;
  if (!read_logits(parts_.library, parts_.provider->location(), logits_.get(), rows, time, &logits,
                   &error)) {
    throw CodedFailure(error);
  }
  return logits;
}

void StateRun::bind(State& state, const PlacedIds& tokens, const PlacedIds& targets, bool carry) {
  bind_ids(ports_.tokens, tokens_type_, tokens, state.rows());
  bind_ids(ports_.targets, targets_type_, targets, state.rows());
  for (const auto& [name, slot] : ports_.reads) {
    const SharedValue& value = memory_.ready(state, slot);
    read_[tensor_data(parts_.library, value.get())] = value;
    parts_.library.call<BindInput>(binding_.get(), name.c_str(),
                                   static_cast<const Value*>(value.get()));
  }
  if (!ports_.logits.empty()) bind_output(ports_.logits);
  if (!carry) return;
  for (const auto& port : ports_.writes) bind_output(port.name);
}

void StateRun::bind_ids(const std::string& name, int type, const PlacedIds& ids, size_t rows) {
  if (name.empty()) return;
  Owned<Value, ReleaseValue> value{parts_.library};  // the binding takes a hold of its own
  create_tensor(parts_.library, parts_.memory, ids.data, rows * ids.columns * IdBuffer::size(type),
                {static_cast<int64_t>(rows), static_cast<int64_t>(ids.columns)}, type, value.out());
  parts_.library.call<BindInput>(binding_.get(), name.c_str(),
                                 static_cast<const Value*>(value.get()));
}

void StateRun::bind_output(const std::string& name) {
  // Bound anew for every run: a binding that still has its last value would have it written over.
  parts_.library.call<BindOutputToDevice>(binding_.get(), name.c_str(), parts_.memory);
}

void StateRun::unbind() {
  parts_.library.call<ClearBoundInputs>(binding_.get());
  parts_.library.call<ClearBoundOutputs>(binding_.get());
  read_.clear();
}

void StateRun::check(const State& state, size_t slot, const Value* value) const {
  const SlotLayout& layout = state.layout()[slot];
  std::vector<int64_t> expected = {static_cast<int64_t>(state.rows())}, found;
  expected.insert(expected.end(), layout.shape.begin(), layout.shape.end());
  const int type = read_tensor(parts_.library, value, found);
  if (type == layout.type && found == expected) return;
  throw CodedFailure("BPB_STATE_OUTPUT", "state " + std::to_string(slot) + ": expected " +
                                             describe(layout.type, expected) + ", got " +
                                             describe(type, found));
}

void StateRun::collect(State& state, bool carry) {
  Value** list = nullptr;
  size_t count = 0;
  parts_.library.call<GetBoundOutputValues>(static_cast<const IoBinding*>(binding_.get()),
                                            parts_.library.allocator(), &list, &count);
  std::vector<SharedValue> outputs;  // in the order in which they were bound
  for (size_t i = 0; i < count; i++) outputs.push_back(memory_.own(list[i]));
  parts_.library.call<AllocatorFree>(parts_.library.allocator(), static_cast<void*>(list));
  size_t next = 0;
  if (!ports_.logits.empty()) logits_ = outputs[next++];
  if (!carry) return;
  for (const auto& port : ports_.writes) {
    check(state, port.slot, outputs[next].get());
    state.stage(port.slot, {whole(outputs[next++]), state.rows()});
  }
}

SharedValue StateRun::whole(SharedValue output) const {
  const auto input = read_.find(tensor_data(parts_.library, output.get()));
  if (input == read_.end()) return output;
  // The graph gave back what it took: then the memory is the input's, and may be a view's. Holding
  // the input alone lets no chain of values grow from step to step.
  const auto shape = [this](const SharedValue& value) {
    std::vector<int64_t> dims;
    dims.push_back(read_tensor(parts_.library, value.get(), dims));
    return dims;
  };
  if (shape(input->second) == shape(output)) return input->second;
  Value* const value = output.get();
  auto both =
      std::make_shared<std::pair<SharedValue, SharedValue>>(input->second, std::move(output));
  return SharedValue(std::move(both), value);
}

}  // namespace bpb
