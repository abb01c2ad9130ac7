// The domain `bpb` on ONNX Runtime's C API.
#include "custom_ops.h"

#include <stdio.h>

#include <algorithm>
#include <exception>

#include "../tensors.h"
#include "operators.h"

using namespace bpb::ort;

namespace bpb {

namespace {

Tensor tensor_of(const Library& library, const Value* value) {
  Tensor tensor;
  if (value == nullptr) return tensor;
  read_tensor(library, value, tensor.dims);
  tensor.data = tensor_data(library, const_cast<Value*>(value));
  // A tensor without elements may have no memory, and is there all the same.
  static const char nothing = 0;
  if (tensor.data == nullptr) tensor.data = &nothing;
  return tensor;
}

}  // namespace

size_t Tensor::elements() const {
  size_t product = 1;
  for (const int64_t size : dims) product *= static_cast<size_t>(size);
  return product;
}

size_t Tensor::last() const { return dims.empty() ? 1 : static_cast<size_t>(dims.back()); }

size_t Tensor::rows() const { return last() == 0 ? 0 : elements() / last(); }

std::string Tensor::shape() const { return data == nullptr ? "nothing" : shape_text(dims); }

int64_t NodeInfo::integer(const char* name, int64_t least, int64_t most) const {
  int64_t value = 0;
  const std::string wanted = std::string(name) + " must be a whole number from " +
                             std::to_string(least) + " to " + std::to_string(most);
  try {
    library_.call<GetIntegerAttribute>(info_, name, &value);
  } catch (const Failure& failure) {
    refuse(of_, wanted + ": " + failure.what());
  }
  if (value < least || value > most) refuse(of_, wanted + ", and is " + std::to_string(value));
  return value;
}

float NodeInfo::number(const char* name, float least, float end) const {
  float value = 0;
  // As short as it can be: std::to_string gives six decimals to each number.
  const auto text = [](float number) {
    char digits[32];
    snprintf(digits, sizeof digits, "%.9g", static_cast<double>(number));
    return std::string(digits);
  };
  std::string wanted = std::string(name) + " must be a finite number";
  if (least != -INFINITY) wanted += " from " + text(least) + " on";
  if (end != INFINITY) wanted += ", below " + text(end);
  try {
    library_.call<GetFloatAttribute>(info_, name, &value);
  } catch (const Failure& failure) {
    refuse(of_, wanted + ": " + failure.what());
  }
  // A NaN is none of it.
  if (!(isfinite(value) && value >= least && value < end)) {
    refuse(of_, wanted + ", and is " + text(value));
  }
  return value;
}

Tensor NodeInfo::constant(size_t input) const {
  int is_constant = 0;
  const Value* value = nullptr;
  library_.call<GetConstantInput>(info_, input, &is_constant, &value);
  return is_constant != 0 ? tensor_of(library_, value) : Tensor();
}

Call::Call(const Library& library, KernelContext* context) : library_(library), context_(context) {
  library_.call<GetKernelInputCount>(static_cast<const KernelContext*>(context_), &inputs_);
  library_.call<GetKernelOutputCount>(static_cast<const KernelContext*>(context_), &outputs_);
}

Tensor Call::input(size_t index) const {
  if (index >= inputs_) return {};
  const Value* value = nullptr;
  library_.call<GetKernelInput>(static_cast<const KernelContext*>(context_), index, &value);
  return tensor_of(library_, value);
}

void* Call::output(size_t index, const std::vector<int64_t>& dims) {
  if (index >= outputs_) return nullptr;
  Value* value = nullptr;
  library_.call<GetKernelOutput>(context_, index, dims.data(), dims.size(), &value);
  return value == nullptr ? nullptr : tensor_data(library_, value);
}

void* Call::stream() const {
  void* stream = nullptr;
  library_.call<GetKernelStream>(static_cast<const KernelContext*>(context_), &stream);
  return stream;
}

void Call::ranges(size_t count, size_t grain,
                  const std::function<void(size_t, size_t)>& work) const {
  // More pieces than threads even out what other work takes from one of them.
  constexpr size_t kMost = 64;
  const size_t pieces = std::min(kMost, count / std::max<size_t>(1, grain));
  if (pieces <= 1) {
    if (count > 0) work(0, count);
    return;
  }
  struct Job {
    const std::function<void(size_t, size_t)>& work;
    size_t count, pieces;
  } job = {work, count, pieces};
  const auto piece = [](void* data, size_t k) {
    const Job& all = *static_cast<Job*>(data);
    all.work(all.count * k / all.pieces, all.count * (k + 1) / all.pieces);
  };
  library_.call<ParallelFor>(static_cast<const KernelContext*>(context_),
                             static_cast<void (*)(void*, size_t)>(piece), pieces, size_t{0},
                             static_cast<void*>(&job));
}

void refuse(const OperatorInfo& info, const std::string& message) {
  throw Failure(std::string(BPB_OPERATOR_DOMAIN) + "." + info.name + ": " + message);
}

// One operator for one type of activations; the runtime hands its table back as `this`.
struct OperatorDomain::Entry : CustomOp {
  const OperatorInfo& info;
  const Library& library;
  const Backend& backend;
  const std::string& provider_name;
  const bpb_type type;

  struct Instance {
    const Entry& entry;
    std::unique_ptr<Kernel> kernel;
  };

  Entry(const OperatorInfo& info_, const Library& library_, const Backend& backend_,
        const std::string& provider_, bpb_type type_)
      : CustomOp{},
        info(info_),
        library(library_),
        backend(backend_),
        provider_name(provider_),
        type(type_) {
    version = kApiVersion;
    name = [](const CustomOp* op) { return of(op).info.name; };
    provider = [](const CustomOp* op) -> const char* {
      const std::string& name = of(op).provider_name;
      return name.empty() ? nullptr : name.c_str();
    };
    input_count = [](const CustomOp* op) { return of(op).info.inputs.size(); };
    output_count = [](const CustomOp* op) { return of(op).info.outputs.size(); };
    input_type = [](const CustomOp* op, size_t k) { return of(op).number(of(op).info.inputs[k]); };
    output_type = [](const CustomOp* op, size_t k) {
      return of(op).number(of(op).info.outputs[k]);
    };
    input_kind = [](const CustomOp* op, size_t k) { return kind(of(op).info.inputs[k]); };
    output_kind = [](const CustomOp* op, size_t k) { return kind(of(op).info.outputs[k]); };
    input_memory = [](const CustomOp*, size_t) { return static_cast<int>(kMemoryDefault); };
    start_version = [](const CustomOp*) { return BPB_OPERATOR_VERSION; };
    end_version = [](const CustomOp*) { return INT32_MAX; };
    variadic_input_minimum = variadic_output_minimum = [](const CustomOp*) { return 1; };
    variadic_input_alike = variadic_output_alike = [](const CustomOp*) { return 1; };
    create_kernel_v2 = [](const CustomOp* op, const void*, const KernelInfo* node, void** out) {
      const Entry& entry = of(op);
      return entry.attempt([&] {
        const NodeInfo about(entry.library, node, entry.info);
        *out = new Instance{entry, entry.info.create(about, entry.type, entry.backend)};
      });
    };
    compute_v2 = [](void* instance, KernelContext* context) {
      const Instance& node = *static_cast<Instance*>(instance);
      return node.entry.attempt([&] {
        Call call(node.entry.library, context);
        node.kernel->run(call);
      });
    };
    destroy = [](void* instance) { delete static_cast<Instance*>(instance); };
  }

  static const Entry& of(const CustomOp* op) { return *static_cast<const Entry*>(op); }

  static int kind(const Port& port) { return port.optional ? kOptional : kRequired; }

  int number(const Port& port) const {
    switch (port.element) {
      case Element::kFloat: return kFloat;
      case Element::kInt64: return ort::kInt64;
      case Element::kActivation: break;
    }
    return type;
  }

  // No exception may pass through the runtime: its message becomes a Status.
  template <class Work>
  Status* attempt(const Work& work) const {
    try {
      work();
      return nullptr;
    } catch (const std::exception& error) {
      return static_cast<Status*>(
          library.call<CreateStatusObject>(static_cast<int>(kFail), error.what()));
    }
  }
};

OperatorDomain::OperatorDomain(const Library& library, const Backend& backend)
    : library_(library), backend_(backend) {
  library_.call<CreateCustomOpDomain>(BPB_OPERATOR_DOMAIN, &domain_);
  for (const OperatorInfo* info : all_operators()) {
    if (backend_.cuda != nullptr && !info->everywhere) continue;
    for (const bpb_type type : {BPB_FP32, BPB_FP16, BPB_BF16}) {
      if (type != BPB_FP32 && !info->everywhere) continue;
      entries_.push_back(std::make_unique<Entry>(*info, library_, backend_, provider_, type));
      library_.call<AddCustomOp>(domain_, static_cast<const CustomOp*>(entries_.back().get()));
    }
  }
}

OperatorDomain::~OperatorDomain() {
  if (domain_ != nullptr) library_.call<ReleaseCustomOpDomain>(domain_);
}

void OperatorDomain::add_to(SessionOptions* options, const std::string& provider) {
  provider_ = provider;
  library_.call<AddCustomOpDomain>(options, domain_);
}

}  // namespace bpb
