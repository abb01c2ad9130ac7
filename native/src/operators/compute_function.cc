// One operator's CPU kernel on arrays of the caller.
#include "compute_function.h"

#include <string>

#include "../arguments.h"
#include "cpu/kernels.h"
#include "operators.h"

namespace bpb {

namespace {

constexpr int64_t kMost = 1 << 20;  // of any size

bpb_type type_field(const Napi::Object& options) {
  const std::string name = string_field(options, "type");
  if (name == "fp32") return BPB_FP32;
  if (name == "fp16") return BPB_FP16;
  if (name == "bf16") return BPB_BF16;
  throw Napi::RangeError::New(options.Env(), "type must be fp32, fp16 or bf16");
}

float float_field(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (!value.IsNumber()) {
    throw Napi::TypeError::New(options.Env(), std::string(name) + " must be a number");
  }
  return value.As<Napi::Number>().FloatValue();
}

class Call {
 public:
  explicit Call(const Napi::Object& options)
      : options_(options),
        type_(type_field(options)),
        isa_(isa_field(options)),
        parts_(size("parts")),
        outputs_(Napi::Object::New(options.Env())) {}

  bpb_type type() const { return type_; }
  const Napi::Object& outputs() const { return outputs_; }
  size_t size(const char* name, int64_t least = 1) const {
    return static_cast<size_t>(integer_field(options_, name, least, kMost));
  }
  int count(const char* name) const { return static_cast<int>(size(name, 0)); }
  float number(const char* name) const { return float_field(options_, name); }

  // Null where it is not given.
  const float* floats(const char* name, size_t elements) const {
    return static_cast<const float*>(array(options_.Get(name), name, elements * sizeof(float)));
  }
  const int64_t* integers(const char* name, size_t elements) const {
    return static_cast<const int64_t*>(array(options_.Get(name), name, elements * sizeof(int64_t)));
  }
  const void* activations(const char* name, size_t elements) const {
    return activations(options_.Get(name), name, elements);
  }
  const void* activations(const Napi::Value& value, const char* name, size_t elements) const {
    const void* data = array(value, name, elements * bpb_type_size(type_));
    if (data == nullptr)
      throw Napi::TypeError::New(options_.Env(), std::string(name) + " is missing");
    return data;
  }
  void* output(const char* name, size_t elements) {
    auto buffer = Napi::ArrayBuffer::New(options_.Env(), elements * bpb_type_size(type_));
    outputs_.Set(name, buffer);
    return buffer.Data();
  }

  template <class Arguments>
  void run(void (*kernel)(bpb_isa, const Arguments&, size_t, size_t), const Arguments& arguments,
           size_t total) const {
    for (size_t k = 0; k < parts_; k++) {
      kernel(isa_, arguments, total * k / parts_, total * (k + 1) / parts_);
    }
  }

  const void* array(const Napi::Value& value, const char* name, size_t bytes) const {
    if (value.IsUndefined() || value.IsNull()) return nullptr;
    if (!value.IsArrayBuffer()) {
      throw Napi::TypeError::New(options_.Env(), std::string(name) + " must be an ArrayBuffer");
    }
    Napi::ArrayBuffer buffer = value.As<Napi::ArrayBuffer>();
    if (buffer.ByteLength() != bytes) {
      throw Napi::RangeError::New(options_.Env(), std::string(name) + " must have " +
                                                      std::to_string(bytes) + " bytes, and has " +
                                                      std::to_string(buffer.ByteLength()));
    }
    return buffer.Data();
  }

 private:
  const Napi::Object& options_;
  const bpb_type type_;
  const bpb_isa isa_;
  const size_t parts_;
  Napi::Object outputs_;
};

void sum_norm(const Napi::Object& options, Call& call) {
  bpb_sum_norm a = {};
  a.type = call.type();
  a.rows = call.size("rows");
  a.width = call.size("width");
  const Napi::Object terms = object_field(options, "x"), factors = object_field(options, "factors");
  for (uint32_t k = 0; k < BPB_SUM_TERMS && terms.Has(k); k++) {
    a.x[k] = call.activations(terms.Get(k), "x", a.rows * a.width);
    a.factor[k] =
        static_cast<const float*>(call.array(factors.Get(k), "factors", a.width * sizeof(float)));
    a.terms++;
  }
  a.first_terms = static_cast<int>(integer_field(options, "firstTerms", 0, a.terms));
  a.carry = call.floats("carry", a.width);
  a.gain = call.floats("gain", a.width);
  a.epsilon = call.number("epsilon");
  if (a.first_terms > 0) a.first = call.output("first", a.rows * a.width);
  a.sum = call.output("sum", a.rows * a.width);
  if (boolean_field(options, "norm")) a.norm = call.output("norm", a.rows * a.width);
  call.run(&cpu::sum_norm, a, a.rows);
}

void split_norm_rotary(const Napi::Object& options, Call& call) {
  bpb_split_norm_rotary a = {};
  a.type = call.type();
  a.rows = call.size("rows");
  a.time = call.size("time");
  a.positions = call.integers("positions", a.rows);
  a.q_heads = call.count("qHeads");
  a.k_heads = call.count("kHeads");
  a.v_heads = call.count("vHeads");
  a.head_size = static_cast<int>(call.size("headSize"));
  a.rotary_size = static_cast<int>(integer_field(options, "rotarySize", 0, a.head_size));
  a.interleaved = boolean_field(options, "interleaved");
  a.q_norm = boolean_field(options, "qNorm");
  a.k_norm = boolean_field(options, "kNorm");
  a.epsilon = call.number("epsilon");
  const size_t size = static_cast<size_t>(a.head_size);
  const size_t heads = static_cast<size_t>(a.q_heads + a.k_heads + a.v_heads);
  const size_t half = static_cast<size_t>(a.rotary_size) / 2;
  a.x = call.activations("x", a.rows * heads * size);
  if (half > 0) {
    a.cos = call.floats("cos", a.time * half);
    a.sin = call.floats("sin", a.time * half);
    if (a.cos == nullptr || a.sin == nullptr) {
      throw Napi::TypeError::New(options.Env(), "a rotation needs cos and sin");
    }
  }
  a.q_gain = call.floats("qGain", a.q_heads * size);
  a.k_gain = call.floats("kGain", a.k_heads * size);
  if (a.q_heads > 0) a.q = call.output("q", a.rows * a.q_heads * size);
  if (a.k_heads > 0) a.k = call.output("k", a.rows * a.k_heads * size);
  if (a.v_heads > 0) a.v = call.output("v", a.rows * a.v_heads * size);
  call.run(&cpu::split_norm_rotary, a, a.rows);
}

void squared_relu(const Napi::Object&, Call& call) {
  bpb_squared_relu a = {};
  a.type = call.type();
  a.count = call.size("count");
  a.slope = call.number("slope");
  a.x = call.activations("x", a.count);
  a.y = call.output("y", a.count);
  call.run(&cpu::squared_relu, a, a.count);
}

void swiglu(const Napi::Object& options, Call& call) {
  bpb_swiglu a = {};
  a.type = call.type();
  a.rows = call.size("rows");
  a.width = call.size("width");
  const Napi::Value up = options.Get("up");
  if (up.IsNull() || up.IsUndefined()) {
    a.gate_stride = a.up_stride = 2 * a.width;
    a.gate = call.activations("gate", a.rows * a.gate_stride);
    a.up = static_cast<const char*>(a.gate) + a.width * bpb_type_size(a.type);
  } else {
    a.gate_stride = a.up_stride = a.width;
    a.gate = call.activations("gate", a.rows * a.width);
    a.up = call.activations("up", a.rows * a.width);
  }
  a.y = call.output("y", a.rows * a.width);
  call.run(&cpu::swiglu, a, a.rows);
}

}  // namespace

Napi::Value ComputeFunction(const Napi::CallbackInfo& info) {
  const Napi::Object options = options_argument(info);
  const std::string name = string_field(options, "operator");
  Call call(options);
  if (name == "SumNorm") {
    sum_norm(options, call);
  } else if (name == "SplitNormRotary") {
    split_norm_rotary(options, call);
  } else if (name == "SquaredRelu") {
    squared_relu(options, call);
  } else if (name == "SwiGlu") {
    swiglu(options, call);
  } else {
    throw Napi::RangeError::New(info.Env(), "there is no operator " + name);
  }
  return call.outputs();
}

}  // namespace bpb
