// The domain `bpb` on ONNX Runtime's C API: operators of ours as nodes of a session's graph.
//
// An operator is an OperatorInfo: its ports, and a function that makes its kernel from a node's attributes. For
// each type of activations and each provider it becomes one custom operator of the runtime.
#ifndef BPB_CUSTOM_OPS_H_
#define BPB_CUSTOM_OPS_H_

#include <math.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../nll.h"
#include "../ort_library.h"

namespace bpb {

struct CudaLibrary;

// Where the kernels of a session compute.
struct Backend {
  const CudaLibrary* cuda;  // null: on the CPU
  bpb_isa isa;              // on the CPU
};

// Type of a port: the activations' own, or always the same.
enum class Element { kActivation, kFloat, kInt64 };

struct Port {
  const char* name;
  Element element;
  bool optional;
};

// A tensor of a run; without data where an optional port is not connected.
struct Tensor {
  const void* data = nullptr;
  std::vector<int64_t> dims;

  explicit operator bool() const { return data != nullptr; }
  size_t elements() const;
  size_t last() const;  // size of the last axis
  size_t rows() const;  // elements / last()
  std::string shape() const;
};

struct OperatorInfo;

// A node when its session is opened. Throws ort::Failure, which names the operator.
class NodeInfo {
 public:
  NodeInfo(const ort::Library& library, const ort::KernelInfo* info, const OperatorInfo& of)
      : library_(library), info_(info), of_(of) {}
  // An attribute; refused where it is not given, of another type or outside of `least` to `most`.
  int64_t integer(const char* name, int64_t least, int64_t most) const;
  bool flag(const char* name) const { return integer(name, 0, 1) != 0; }
  // One that is a finite number from `least` to below `end`.
  float number(const char* name, float least, float end = INFINITY) const;
  // An input that is a constant of the graph, valid while the session is opened; no data where it is none.
  Tensor constant(size_t input) const;

 private:
  const ort::Library& library_;
  const ort::KernelInfo* info_;
  const OperatorInfo& of_;
};

// A node in a run. Throws ort::Failure.
class Call {
 public:
  Call(const ort::Library& library, ort::KernelContext* context);
  Tensor input(size_t index) const;
  // Null where nothing reads the output.
  void* output(size_t index, const std::vector<int64_t>& dims);
  // The stream of the provider, on a GPU.
  void* stream() const;
  // Calls `work(from, to)` for ranges that cover 0 to `count`, of at least `grain` each, on the session's threads.
  void ranges(size_t count, size_t grain, const std::function<void(size_t, size_t)>& work) const;

 private:
  const ort::Library& library_;
  ort::KernelContext* context_;
  size_t inputs_ = 0, outputs_ = 0;
};

// The kernel of a node; one thread runs it at a time.
class Kernel {
 public:
  virtual ~Kernel() = default;
  // Throws std::exception, whose message the run fails with.
  virtual void run(Call& call) = 0;
};

struct OperatorInfo {
  const char* name;
  std::vector<Port> inputs, outputs;
  bool everywhere;  // in fp16 and bf16 and on GPUs as well; else on the CPU in fp32
  // Throws std::exception for attributes that the kernel cannot have.
  std::unique_ptr<Kernel> (*create)(const NodeInfo& node, bpb_type type, const Backend& backend);
};

// Every operator that this build has and this CPU can run.
const std::vector<const OperatorInfo*>& all_operators();

// Throws ort::Failure with "bpb.<name>: <what was wrong>".
[[noreturn]] void refuse(const OperatorInfo& info, const std::string& message);

// The operators of a session; must outlive it.
class OperatorDomain {
 public:
  OperatorDomain(const ort::Library& library, const Backend& backend);
  ~OperatorDomain();
  OperatorDomain(const OperatorDomain&) = delete;
  OperatorDomain& operator=(const OperatorDomain&) = delete;

  // `provider` is the name under which the nodes are placed; empty for the CPU.
  void add_to(ort::SessionOptions* options, const std::string& provider);

 private:
  struct Entry;
  const ort::Library& library_;
  const Backend backend_;
  std::string provider_;
  std::vector<std::unique_ptr<Entry>> entries_;
  ort::CustomOpDomain* domain_ = nullptr;
};

}  // namespace bpb

#endif  // BPB_CUSTOM_OPS_H_
