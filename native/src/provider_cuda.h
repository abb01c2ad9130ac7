// The CUDA provider: ONNX Runtime on a GPU, on the stream that the scorer uses too.
#ifndef BPB_PROVIDER_CUDA_H_
#define BPB_PROVIDER_CUDA_H_

#include <memory>
#include <string>

#include "provider.h"

namespace bpb {

// Throws CodedFailure where the device or the scorer's library cannot be used.
std::unique_ptr<Provider> make_cuda_provider(const bpb_cuda_options& options);

// Loads the provider's library into `library` and asks for nothing else of it: "classic" through
// the CUDA options, "plugin" through the registration of a library. Empty when it works, else the
// runtime's message.
std::string probe_cuda_provider(const ort::Library& library, const std::string& form);

// Code of a failed run whose message this is: BPB_CUDNN, BPB_CUDA_MEMORY, BPB_CUDA_RUN or BPB_RUN.
const char* cuda_run_failure(const std::string& message);

}  // namespace bpb

#endif  // BPB_PROVIDER_CUDA_H_
