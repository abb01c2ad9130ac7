// Types and shapes of the runtime's tensors, and tensors on memory of the caller.
#include "tensors.h"

using namespace bpb::ort;

namespace bpb {

std::string shape_text(const std::vector<int64_t>& dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); i++) text += (i ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

int read_tensor_info(const Library& library, const TensorInfo* info, std::vector<int64_t>& dims) {
  int type = 0;
  size_t rank = 0;
  library.call<GetTensorElementType>(info, &type);
  library.call<GetDimensionsCount>(info, &rank);
  dims.resize(rank);
  library.call<GetDimensions>(info, dims.data(), rank);
  return type;
}

int read_tensor(const Library& library, const Value* value, std::vector<int64_t>& dims) {
  Owned<TensorInfo, ReleaseTensorInfo> info{library};
  library.call<GetTensorTypeAndShape>(value, info.out());
  return read_tensor_info(library, info.get(), dims);
}

void* tensor_data(const Library& library, Value* value) {
  void* data = nullptr;
  library.call<GetTensorMutableData>(value, &data);
  return data;
}

void create_tensor(const Library& library, const MemoryInfo* memory, void* data, size_t bytes,
                   const std::vector<int64_t>& dims, int type, Value** out) {
  library.call<CreateTensorWithDataAsOrtValue>(memory, data, bytes, dims.data(), dims.size(), type,
                                               out);
}

bool read_logits(const Library& library, bpb_location location, Value* value, size_t rows,
                 size_t time, bpb_logits* logits, bpb_error* error) {
  std::vector<int64_t> dims;
  const int type = read_tensor(library, value, dims);
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
  const size_t vocab = static_cast<size_t>(dims[2]);
  *logits = {tensor_data(library, value),
             static_cast<bpb_type>(type),
             location,
             rows * time,
             vocab,
             vocab};
  return true;
}

}  // namespace bpb
