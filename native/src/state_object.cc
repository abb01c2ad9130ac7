// The JavaScript handle of a state.
#include "state_object.h"

#include <utility>

#include "arguments.h"
#include "instance.h"

namespace bpb {

namespace {

// Marks our handles: unwrapping another object would read memory that is no state.
constexpr napi_type_tag kTag = {0x6270622d73746174, 0x652d68616e646c65};

constexpr int64_t kMaxSlots = 4096, kMaxBytes = int64_t{1} << 40;

Napi::Array array_field(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (!value.IsArray()) {
    throw Napi::TypeError::New(options.Env(), std::string(name) + " must be an array");
  }
  return value.As<Napi::Array>();
}

Napi::Object object_at(const Napi::Array& list, uint32_t index) {
  const Napi::Value value = list.Get(index);
  if (!value.IsObject()) throw Napi::TypeError::New(list.Env(), "expected an array of objects");
  return value.As<Napi::Object>();
}

SlotLayout slot_layout(const Napi::Object& options) {
  SlotLayout layout;
  const Napi::Array shape = array_field(options, "shape");
  for (uint32_t i = 0; i < shape.Length(); i++) {
    const Napi::Value dim = shape.Get(i);
    if (!dim.IsNumber()) throw Napi::TypeError::New(options.Env(), "shape must hold numbers");
    layout.shape.push_back(dim.As<Napi::Number>().Int64Value());
  }
  layout.type = static_cast<int>(integer_field(options, "type", 1, 255));
  // The runtime itself holds shape and type against it when the tensor is made.
  layout.bytes = static_cast<size_t>(integer_field(options, "bytes", 1, kMaxBytes));
  layout.resets = boolean_field(options, "resets");
  const Napi::Value init = options.Get("init");
  if (init.IsNull()) return layout;
  layout.init = uint8_field(options, "init");
  if (layout.init.size() != layout.bytes) {
    throw Napi::RangeError::New(options.Env(), "init must hold the bytes of one document");
  }
  return layout;
}

std::vector<StatePorts::Port> port_list(const Napi::Object& options, const char* name) {
  std::vector<StatePorts::Port> ports;
  const Napi::Array list = array_field(options, name);
  for (uint32_t i = 0; i < list.Length(); i++) {
    const Napi::Object port = object_at(list, i);
    const size_t slot = static_cast<size_t>(integer_field(port, "slot", 0, kMaxSlots - 1));
    ports.push_back({string_field(port, "port"), slot});
  }
  return ports;
}

Napi::Error misuse(Napi::Env env, const char* reason) {
  Napi::Error error = Napi::Error::New(env, reason);
  error.Set("code", "BPB_STATE_MISUSE");
  return error;
}

}  // namespace

StatePorts state_ports(const Napi::Object& options) {
  return {string_field(options, "tokens"), string_field(options, "targets"),
          string_field(options, "logits"), port_list(options, "reads"),
          port_list(options, "writes")};
}

Napi::Function StateObject::Define(Napi::Env env) {
  return DefineClass(
      env, "State",
      {InstanceAccessor<&StateObject::Rows>("documents"),
       InstanceMethod<&StateObject::Keep>("keep"), InstanceMethod<&StateObject::Reset>("reset"),
       InstanceMethod<&StateObject::Commit>("commit"), InstanceMethod<&StateObject::Free>("free")});
}

StateObject::StateObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<StateObject>(info) {
  Value().TypeTag(&kTag);
}

Napi::Value StateObject::States(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsArray()) {
    throw Napi::TypeError::New(env, "expected an array of tensors");
  }
  const Napi::Array list = info[0].As<Napi::Array>();
  auto layout = std::make_shared<StateLayout>();
  for (uint32_t i = 0; i < list.Length(); i++) layout->push_back(slot_layout(object_at(list, i)));
  // The class cannot be made from JavaScript: what this closure holds would be missing.
  return Napi::Function::New(env, [layout](const Napi::CallbackInfo& call) -> Napi::Value {
    const Napi::Env env = call.Env();
    const size_t rows = whole_argument(call, "rows", 1, INT32_MAX);
    const Napi::Object handle = instance(env).state_class.New({});
    Unwrap(handle)->state_ = std::make_shared<State>(layout, rows);
    return handle;
  });
}

std::shared_ptr<State> StateObject::Lease(const Napi::Value& handle, size_t rows,
                                          const StatePorts& ports) {
  const Napi::Env env = handle.Env();
  if (!handle.IsObject() || !handle.As<Napi::Object>().CheckTypeTag(&kTag)) {
    throw Napi::TypeError::New(env, "state must be a state's handle");
  }
  StateObject* self = Unwrap(handle.As<Napi::Object>());
  const State& state = self->Idle(env);
  if (state.rows() != rows) throw Napi::RangeError::New(env, "rows must be as many as the state's");
  for (const auto* list : {&ports.reads, &ports.writes}) {
    for (const auto& port : *list) {
      if (port.slot >= state.layout().size()) {
        throw Napi::RangeError::New(env, "the state has no slot " + std::to_string(port.slot));
      }
    }
  }
  self->state_->leased = true;
  return self->state_;
}

State& StateObject::Idle(Napi::Env env) {
  if (state_ == nullptr || state_->freed()) throw misuse(env, "the state was given back");
  if (state_->leased) throw misuse(env, "the state is in a run that has not ended");
  return *state_;
}

Napi::Value StateObject::Rows(const Napi::CallbackInfo& info) {
  const size_t rows = state_ == nullptr ? 0 : state_->rows();
  return Napi::Number::New(info.Env(), static_cast<double>(rows));
}

void StateObject::Keep(const Napi::CallbackInfo& info) {
  State& state = Idle(info.Env());
  state.keep(whole_argument(info, "rows", 1, static_cast<int64_t>(state.rows())));
}

void StateObject::Reset(const Napi::CallbackInfo& info) { Idle(info.Env()).reset(); }

void StateObject::Commit(const Napi::CallbackInfo& info) { Idle(info.Env()).commit(); }

void StateObject::Free(const Napi::CallbackInfo& info) { Idle(info.Env()).free(); }

}  // namespace bpb
