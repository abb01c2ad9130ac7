// The options of `open`.
#include "open_request.h"

#include "arguments.h"
#include "state_object.h"

namespace bpb {

namespace {

OpenRequest::Graph read_graph(const Napi::Object& options) {
  OpenRequest::Graph graph;
  graph.model = uint8_field(options, "model");
  graph.tokens = string_field(options, "tokens");
  graph.logits = string_field(options, "logits");
  const Napi::Value positions = options.Get("positions");
  if (!positions.IsUndefined() && !positions.IsNull()) {
    graph.positions = string_field(options, "positions");
  }
  const Napi::Value state = options.Get("state");
  if (state.IsObject()) {
    graph.state = std::make_unique<StatePorts>(state_ports(state.As<Napi::Object>()));
  }
  // Only a graph that was rewritten in memory has them; of a file they are refused.
  const Napi::Value rewritten = options.Get("rewritten");
  graph.operators = rewritten.IsBoolean() && rewritten.As<Napi::Boolean>().Value();
  return graph;
}

OpenRequest::Runtime read_runtime(const Napi::Object& options) {
  OpenRequest::Runtime runtime;
  runtime.library = string_field(options, "library");
  runtime.threads = static_cast<int>(integer_field(options, "threads", 1, 4096));
  runtime.optimize = boolean_field(options, "optimize");
  const Napi::Object config = object_field(options, "config");
  const Napi::Array keys = config.GetPropertyNames();
  for (uint32_t i = 0; i < keys.Length(); i++) {
    const std::string key = keys.Get(i).ToString().Utf8Value();
    runtime.config.push_back(key);
    runtime.config.push_back(string_field(config, key.c_str()));
  }
  return runtime;
}

OpenRequest::Cuda read_cuda(const Napi::Object& options) {
  OpenRequest::Cuda cuda;
  cuda.library = string_field(options, "library");
  cuda.form = string_field(options, "form");
  cuda.device = static_cast<int>(integer_field(options, "device", 0, INT32_MAX));
  cuda.tf32 = boolean_field(options, "tf32");
  cuda.allow_cpu_nodes = boolean_field(options, "allowCpuNodes");
  const Napi::Value share = options.Get("memoryShare");
  cuda.memory_share = share.IsNumber() ? share.As<Napi::Number>().DoubleValue() : 0;
  if (!(cuda.memory_share > 0 && cuda.memory_share <= 1)) {
    throw Napi::RangeError::New(options.Env(), "memoryShare must be above 0 and at most 1");
  }
  return cuda;
}

}  // namespace

OpenRequest open_request(const Napi::Object& options) {
  OpenRequest request;
  request.graph = read_graph(object_field(options, "graph"));
  request.runtime = read_runtime(object_field(options, "runtime"));
  const Napi::Value cuda = options.Get("cuda");
  if (!cuda.IsUndefined()) {
    request.cuda = std::make_unique<OpenRequest::Cuda>(read_cuda(object_field(options, "cuda")));
  }
  return request;
}

bpb_session* create_session(const OpenRequest& request, bpb_error* error) {
  const auto& [graph, runtime, cuda] = request;
  std::vector<const char*> config;
  for (const std::string& text : runtime.config) config.push_back(text.c_str());
  bpb_session_options options{};
  options.graph = {graph.model.data(),
                   graph.model.size(),
                   graph.tokens.c_str(),
                   graph.logits.c_str(),
                   graph.positions.empty() ? nullptr : graph.positions.c_str(),
                   graph.operators};
  options.runtime = {runtime.library.c_str(), runtime.threads, runtime.optimize, config.data(),
                     config.size() / 2};
  bpb_cuda_options cuda_options{};
  if (cuda != nullptr) {
    cuda_options = {cuda->library.c_str(), cuda->device,       cuda->tf32,
                    cuda->allow_cpu_nodes, cuda->memory_share, cuda->form.c_str()};
    options.cuda = &cuda_options;
  }
  return bpb_session_open(&options, error);
}

}  // namespace bpb
