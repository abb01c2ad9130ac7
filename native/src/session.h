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

typedef struct bpb_session_options {
  const char* library;   // path of libonnxruntime
  const char* provider;  // "cpu"
  const void* model;     // the ONNX file's bytes; not needed after the call
  size_t model_size;
  const char* tokens_input;
  const char* logits_output;
  int threads;   // of the session's own pool, >= 1
  int optimize;  // 0 turns graph optimization off
  const char* const* config;  // `config_count` pairs of key and value
  size_t config_count;
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

// Runs `ids[rows * time]` and describes the logits as a [rows * time, vocab] matrix that stays
// valid until the next run. 0 on success, else `error` is filled.
int bpb_session_run(bpb_session* session, const int32_t* ids, size_t rows, size_t time,
                    bpb_logits* logits, bpb_error* error);

// Makes a running and every later run fail soon; any thread.
void bpb_session_cancel(bpb_session* session);

void bpb_session_close(bpb_session* session);

#ifdef __cplusplus
}
#endif

#endif  // BPB_SESSION_H_
