// The CPU provider, and the choice between it and the CUDA provider.
#include "provider.h"
#include "provider_cuda.h"

namespace bpb {

namespace {

// Every session has the CPU provider; there is nothing to append.
class CpuProvider : public Provider {
 public:
  bpb_location location() const override { return BPB_CPU; }
  void append(const ort::Library&, ort::SessionOptions*) override {}
  void create_memory_info(const ort::Library& library, ort::MemoryInfo** out) const override {
    library.call<ort::CreateCpuMemoryInfo>(static_cast<int>(ort::kDeviceAllocator),
                                           static_cast<int>(ort::kMemoryDefault), out);
  }
};

}  // namespace

const char* Provider::run_failure(const std::string&) const { return "BPB_RUN"; }

std::unique_ptr<Provider> make_provider(const bpb_session_options& options) {
  if (options.cuda == nullptr) return std::make_unique<CpuProvider>();
  return make_cuda_provider(*options.cuda);
}

}  // namespace bpb
