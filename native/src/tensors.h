// Types and shapes of the runtime's tensors, and tensors on memory of the caller.
#ifndef BPB_TENSORS_H_
#define BPB_TENSORS_H_

#include <string>
#include <vector>

#include "error.h"
#include "nll.h"
#include "ort_library.h"

namespace bpb {

// "[2, 8]"
std::string shape_text(const std::vector<int64_t>& dims);

// ONNX's number of the element type; the dimensions go to `dims`. Throw ort::Failure.
int read_tensor_info(const ort::Library& library, const ort::TensorInfo* info,
                     std::vector<int64_t>& dims);
int read_tensor(const ort::Library& library, const ort::Value* value, std::vector<int64_t>& dims);

void* tensor_data(const ort::Library& library, ort::Value* value);

// A tensor on `data`, which must outlive it. Throws ort::Failure.
void create_tensor(const ort::Library& library, const ort::MemoryInfo* memory, void* data,
                   size_t bytes, const std::vector<int64_t>& dims, int type, ort::Value** out);

// The logits of a run of `rows * time` ids as a matrix; false with `error` filled where they are not
// fp32, fp16 or bf16 [rows, time, vocab]. Throws ort::Failure.
bool read_logits(const ort::Library& library, bpb_location location, ort::Value* value, size_t rows,
                 size_t time, bpb_logits* logits, bpb_error* error);

}  // namespace bpb

#endif  // BPB_TENSORS_H_
