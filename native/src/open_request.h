// The options of `open`: read from JavaScript, owned until the session is there.
#ifndef BPB_OPEN_REQUEST_H_
#define BPB_OPEN_REQUEST_H_

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "session.h"
#include "state_run.h"

namespace bpb {

// Parts and names are those of EngineOptions (src/engine/types.ts) and of bpb_session_options.
struct OpenRequest {
  struct Graph {
    std::vector<uint8_t> model;
    std::string tokens, logits, positions;  // `positions` is empty where the graph takes none
    std::unique_ptr<StatePorts> state;      // null where the graph is run without
    bool operators = false;                 // the graph may have nodes of the domain `bpb`
  };
  struct Runtime {
    std::string library;
    int threads = 1;
    bool optimize = true;
    std::vector<std::string> config;  // a key, its value, and so on
  };
  struct Cuda {
    std::string library, form;
    int device = 0;
    bool tf32 = false, allow_cpu_nodes = false;
    double memory_share = 1;
  };

  Graph graph;
  Runtime runtime;
  std::unique_ptr<Cuda> cuda;  // null for the CPU provider
};

// Throws TypeError or RangeError. Copies the model: the session's thread must not read memory that
// JavaScript could detach.
OpenRequest open_request(const Napi::Object& options);

// Opens a session; null with `error` filled on failure.
bpb_session* create_session(const OpenRequest& request, bpb_error* error);

}  // namespace bpb

#endif  // BPB_OPEN_REQUEST_H_
