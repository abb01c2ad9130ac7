// Creation of the runtime's session, with the list of its nodes that stay on the CPU.
#ifndef BPB_OPEN_SESSION_H_
#define BPB_OPEN_SESSION_H_

#include <string>

#include "operators/custom_ops.h"
#include "ort_library.h"
#include "provider.h"
#include "session.h"

namespace bpb {

using OwnedSession = ort::Owned<ort::Session, ort::ReleaseSession>;

// Creates the session into `out`. With a provider other than the CPU's, nodes that it cannot run are
// a failure (BPB_CPU_NODES) that names them, or are returned by name where the options allow them.
// `operators` are those of the domain `bpb`, or null; they must outlive the session.
// Throws ort::Failure or CodedFailure.
std::string open_session(const ort::Library& library, Provider& provider, OperatorDomain* operators,
                         const bpb_session_options& options, OwnedSession& out);

}  // namespace bpb

#endif  // BPB_OPEN_SESSION_H_
