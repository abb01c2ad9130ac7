// Creation of the runtime's session.
#include "open_session.h"

#include <map>
#include <vector>

#include "coded_failure.h"
#include "operators/creation_lock.h"

using namespace bpb::ort;

namespace bpb {

namespace {

constexpr char kNoFallback[] = "session.disable_cpu_ep_fallback";
constexpr char kRecord[] = "session.record_ep_graph_assignment_info";
constexpr char kCpuProviderName[] = "CPUExecutionProvider";
constexpr size_t kNamed = 12;  // nodes that a message names; the rest it counts

void create(const Library& library, Provider& provider, OperatorDomain* operators,
            const bpb_session_options& options, const std::map<std::string, std::string>& more,
            OwnedSession& out) {
  Owned<SessionOptions, ReleaseSessionOptions> made{library};
  library.call<CreateSessionOptions>(made.out());
  SessionOptions* o = made.get();
  library.call<SetSessionLogSeverityLevel>(o, static_cast<int>(kLogFatal));
  library.call<SetSessionGraphOptimizationLevel>(
      o, static_cast<int>(options.runtime.optimize ? kOptimizeAll : kOptimizeNothing));
  library.call<SetIntraOpNumThreads>(o, options.runtime.threads);
  library.call<SetInterOpNumThreads>(o, 1);
  for (size_t i = 0; i < options.runtime.config_count; i++) {
    library.call<AddSessionConfigEntry>(o, options.runtime.config[2 * i],
                                        options.runtime.config[2 * i + 1]);
  }
  for (const auto& [key, value] : more) {
    library.call<AddSessionConfigEntry>(o, key.c_str(), value.c_str());
  }
  if (provider.device() != nullptr) {
    library.call<SetDeterministicCompute>(o, true);
    // The pattern is one block as large as all allocations of the first batch, in addition to them:
    // twice the memory, and no less time, because the arena keeps the pieces.
    library.call<DisableMemPattern>(o);
  }
  provider.append(library, o);
  if (operators != nullptr) operators->add_to(o, provider.name());
  const auto lock = creation_lock(library, operators != nullptr);
  library.call<CreateSessionFromArray>(library.env(), options.graph.model, options.graph.model_size,
                                       static_cast<const SessionOptions*>(o), out.out());
}

// "Gather (embed), Range": the nodes that the session gave to the CPU provider.
std::string nodes_on_cpu(const Library& library, const Session* session) {
  const EpAssignedSubgraph* const* subgraphs = nullptr;
  size_t count = 0;
  library.call<SessionGetAssignment>(session, &subgraphs, &count);
  std::string text;
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    const char* provider = nullptr;
    library.call<SubgraphGetProvider>(subgraphs[i], &provider);
    if (std::string(provider) != kCpuProviderName) continue;
    const EpAssignedNode* const* nodes = nullptr;
    size_t size = 0;
    library.call<SubgraphGetNodes>(subgraphs[i], &nodes, &size);
    for (size_t k = 0; k < size; k++) {
      if (++found > kNamed) continue;
      const char *name = nullptr, *op = nullptr;
      library.call<NodeGetName>(nodes[k], &name);
      library.call<NodeGetOperator>(nodes[k], &op);
      text += (text.empty() ? "" : ", ") + std::string(op);
      if (*name != '\0') text += " (" + std::string(name) + ")";
    }
  }
  if (found > kNamed) text += " and " + std::to_string(found - kNamed) + " more";
  return text;
}

}  // namespace

std::string open_session(const Library& library, Provider& provider, OperatorDomain* operators,
                         const bpb_session_options& options, OwnedSession& out) {
  if (provider.device() == nullptr) {
    create(library, provider, operators, options, {}, out);
    return "";
  }
  const bool can_tell = library.has_api(kAssignmentApiVersion);
  const std::map<std::string, std::string> record = {{kRecord, "1"}};
  if (options.cuda->allow_cpu_nodes) {
    create(library, provider, operators, options, can_tell ? record : decltype(record){}, out);
    return can_tell ? nodes_on_cpu(library, out.get()) : "nodes that this runtime cannot name";
  }
  try {
    create(library, provider, operators, options, {{kNoFallback, "1"}}, out);
    return "";
  } catch (const Failure& failure) {
    // The runtime's error does not name the nodes; a session that accepts them lists them.
    const std::string message = failure.what();
    if (message.find("assigned to the default CPU EP") == std::string::npos) throw;
    if (!can_tell) throw CodedFailure("BPB_CPU_NODES", message);
    create(library, provider, operators, options, record, out);
    const std::string nodes = nodes_on_cpu(library, out.get());
    out.reset();
    throw CodedFailure("BPB_CPU_NODES", nodes);
  }
}

}  // namespace bpb
