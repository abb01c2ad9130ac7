// Interface of the providers: how one joins a session, and the memory of its logits.
#ifndef BPB_PROVIDER_H_
#define BPB_PROVIDER_H_

#include <memory>
#include <string>

#include "nll.h"
#include "ort_library.h"
#include "session.h"

namespace bpb {

class CudaDevice;
struct CudaLibrary;

// Of one session; what it owns is freed with the session.
class Provider {
 public:
  virtual ~Provider() = default;

  virtual bpb_location location() const = 0;
  // Appends the provider to the options of a session to be. Throws ort::Failure or CodedFailure.
  virtual void append(const ort::Library& library, ort::SessionOptions* options) = 0;
  // Name under which the runtime places nodes on it, known once it is appended; empty for the CPU provider.
  virtual std::string name() const { return ""; }
  // Memory that holds a session's input and logits. Throws ort::Failure.
  virtual void create_memory_info(const ort::Library& library, ort::MemoryInfo** out) const = 0;
  // Code of a run that failed with this message.
  virtual const char* run_failure(const std::string& message) const;
  // The device whose memory and stream the session uses; null for the CPU.
  virtual CudaDevice* device() { return nullptr; }
  // The library whose kernels run the operators of the domain `bpb`; null for the CPU's.
  virtual const CudaLibrary* operators() const { return nullptr; }
};

// The CUDA provider where `options.cuda` is given, else the CPU provider. Throws CodedFailure.
std::unique_ptr<Provider> make_provider(const bpb_session_options& options);

}  // namespace bpb

#endif  // BPB_PROVIDER_H_
