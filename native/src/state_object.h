// JavaScript handle of a state: it controls the state and has no access to its values.
#ifndef BPB_STATE_OBJECT_H_
#define BPB_STATE_OBJECT_H_

#include <napi.h>

#include <memory>

#include "state.h"
#include "state_run.h"

namespace bpb {

class StateObject : public Napi::ObjectWrap<StateObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  // states([{shape, type, bytes, init, resets}]) -> begin(rows) -> handle
  static Napi::Value States(const Napi::CallbackInfo& info);

  explicit StateObject(const Napi::CallbackInfo& info);

  // The state behind a handle, leased to a run with `rows` documents and these ports until the run
  // is over. Throws TypeError for what is no handle, RangeError for another number of documents or
  // slots that are not there, and as Idle.
  static std::shared_ptr<State> Lease(const Napi::Value& handle, size_t rows,
                                      const StatePorts& ports);

 private:
  Napi::Value Rows(const Napi::CallbackInfo& info);
  void Keep(const Napi::CallbackInfo& info);
  void Reset(const Napi::CallbackInfo& info);
  void Commit(const Napi::CallbackInfo& info);
  void Free(const Napi::CallbackInfo& info);

  // Throws an Error of code BPB_STATE_MISUSE where it was freed or is in a run.
  State& Idle(Napi::Env env);

  std::shared_ptr<State> state_;
};

// {tokens, targets, logits: string, reads, writes: [{port, slot}]}. Throws TypeError or RangeError.
StatePorts state_ports(const Napi::Object& options);

}  // namespace bpb

#endif  // BPB_STATE_OBJECT_H_
