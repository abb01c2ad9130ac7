// Locks under which sessions are created while the runtime does not know the domain `bpb` yet.
#include "creation_lock.h"

#include <mutex>
#include <set>

#include "custom_ops.h"

using namespace bpb::ort;

namespace bpb {

namespace {

// A ModelProto of IR version 8 and opset 17: y = Identity(x), fp32.
constexpr unsigned char kIdentity[] = "\x08\x08"
                                      ":+"  // graph, 43 bytes
                                      "\n\x10\n\x01x\x12\x01y\"\x08"
                                      "Identity"                          // node
                                      "\x12\x01g"                         // name
                                      "Z\t\n\x01x\x12\x04\n\x02\x08\x01"  // input
                                      "b\t\n\x01y\x12\x04\n\x02\x08\x01"  // output
                                      "B\x04\n\x00\x10\x11";              // opset

void add_domain(const Library& library) {
  OperatorDomain domain(library, Backend{nullptr, bpb_best_isa()});
  Owned<SessionOptions, ReleaseSessionOptions> options{library};
  library.call<CreateSessionOptions>(options.out());
  library.call<SetSessionLogSeverityLevel>(options.get(), static_cast<int>(kLogFatal));
  library.call<SetIntraOpNumThreads>(options.get(), 1);
  domain.add_to(options.get(), "");
  Owned<Session, ReleaseSession> session{library};
  library.call<CreateSessionFromArray>(library.env(), static_cast<const void*>(kIdentity),
                                       sizeof kIdentity - 1,
                                       static_cast<const SessionOptions*>(options.get()),
                                       session.out());
}

}  // namespace

std::shared_lock<std::shared_mutex> creation_lock(const Library& library, bool operators) {
  // Never destroyed: a worker's session may outlive the static destructors of the main thread.
  static std::shared_mutex& mutex = *new std::shared_mutex;
  static auto& added = *new std::set<const Library*>;
  std::shared_lock<std::shared_mutex> shared(mutex);
  if (!operators || added.count(&library) > 0) return shared;
  shared.unlock();
  {
    std::lock_guard<std::shared_mutex> alone(mutex);
    if (added.count(&library) == 0) {
      add_domain(library);
      added.insert(&library);
    }
  }
  shared.lock();
  return shared;
}

}  // namespace bpb
