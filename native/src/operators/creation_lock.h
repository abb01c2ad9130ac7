// Locks under which sessions are created while the runtime does not know the domain `bpb` yet.
#ifndef BPB_CREATION_LOCK_H_
#define BPB_CREATION_LOCK_H_

#include <shared_mutex>

#include "../ort_library.h"

namespace bpb {

// To be held while a session is created; `operators` says that it has those of the domain.
//
// The first session with a domain adds it to a table of the process, which every session reads while it is created.
// The runtime takes no lock from its look at the table to its addition, so two first sessions at once fail ("the
// domain is already exist"): onnxruntime/core/session/custom_ops.cc, CreateCustomRegistry, in version 1.30. Here the
// domain is added by a session of one node, which no other is created beside. Throws ort::Failure.
std::shared_lock<std::shared_mutex> creation_lock(const ort::Library& library, bool operators);

}  // namespace bpb

#endif  // BPB_CREATION_LOCK_H_
