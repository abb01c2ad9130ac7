// A model session: token ids in, raw logits left where the provider computed them (C interface).
//
// One thread uses a session at a time; only bpb_session_cancel may come from another.
#ifndef BPB_SESSION_H_
#define BPB_SESSION_H_

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "nll.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bpb_session bpb_session;

// The parts and names of these options are those of EngineOptions in src/engine/types.ts.

// The model and the names of its inputs and outputs.
typedef struct bpb_graph_options {
  const void* model;  // the ONNX file's bytes; not needed after the call
  size_t model_size;
  const char* tokens;
  const char* logits;
  const char* positions;  // int64 [count]: positions to compute logits of; null for all
  int operators;          // 1: the graph may have nodes of the domain `bpb` (operators/operators.h)
} bpb_graph_options;

typedef struct bpb_runtime_options {
  const char* library;        // path of libonnxruntime
  int threads;                // of the session's own pool, >= 1
  int optimize;               // 0 turns graph optimization off
  const char* const* config;  // `config_count` pairs of key and value
  size_t config_count;
} bpb_runtime_options;

typedef struct bpb_cuda_options {
  const char* library;  // path of libbpb_cuda
  int device;           // its index, from 0
  int tf32;             // 1 lets fp32 matrix products round their factors to 10 bits of fraction
  int allow_cpu_nodes;  // 1 accepts nodes that the CUDA provider cannot run
  double memory_share;  // of the device memory that is free now, within (0, 1]
  const char* form;     // of the provider: "classic", "plugin" or "auto", which tries them in turn
} bpb_cuda_options;

typedef struct bpb_session_options {
  bpb_graph_options graph;
  bpb_runtime_options runtime;
  const bpb_cuda_options* cuda;  // null for the CPU provider
} bpb_session_options;

// An input or output of the graph. `type` is ONNX's number, 0 where it is no tensor; symbolic
// dimensions are -1.
typedef struct bpb_value_info {
  const char* name;
  int type;
  const int64_t* dims;
  size_t rank;
} bpb_value_info;

// Null with `error` filled on failure.
bpb_session* bpb_session_open(const bpb_session_options* options, bpb_error* error);

// `kind` 0: required inputs, 1: outputs. The array belongs to the session.
const bpb_value_info* bpb_session_values(const bpb_session* session, int kind, size_t* count);
const char* bpb_session_runtime_version(const bpb_session* session);

// Nodes that run on the CPU although the provider is another, as "Gather (name), …"; empty if none.
const char* bpb_session_cpu_nodes(const bpb_session* session);

// ONNX's number of the ids' type: int32 or int64.
int bpb_session_tokens_type(const bpb_session* session);

// Runs `ids[rows * time]` and describes the logits as a [rows * time, vocab] matrix that stays
// valid until the next run. With an input of positions there must be `positions[count]`, flat ones in
// any order, and row k of a [count, vocab] matrix belongs to the k-th; without, null and 0.
// 0 on success, else `error` is filled.
int bpb_session_run(bpb_session* session, const int32_t* ids, size_t rows, size_t time,
                    const uint32_t* positions, size_t count, bpb_logits* logits, bpb_error* error);

// The same with ids of bpb_session_tokens_type() and int64 positions in the provider's
// memory already. Only queued on the provider's stream: the logits are there when the stream gets to
// what comes next.
int bpb_session_run_at(bpb_session* session, void* ids, size_t rows, size_t time, void* positions,
                       size_t count, bpb_logits* logits, bpb_error* error);

// Makes a running and every later run fail soon; any thread.
void bpb_session_cancel(bpb_session* session);

void bpb_session_close(bpb_session* session);

#ifdef __cplusplus
}
#endif

#endif  // BPB_SESSION_H_
