// Run of a session with a state: reads ids and the state, writes the state's next values.
#ifndef BPB_STATE_RUN_H_
#define BPB_STATE_RUN_H_

#include <map>
#include <string>
#include <vector>

#include "session_parts.h"
#include "state.h"
#include "state_memory.h"

namespace bpb {

// Inputs and outputs of a graph that have to do with state. Names are empty where there is no such
// port; of `reads` the graph need not have all.
struct StatePorts {
  struct Port {
    std::string name;
    size_t slot;
  };
  std::string tokens, targets, logits;
  std::vector<Port> reads, writes;
};

// Ids in the provider's memory, in the type that their port takes.
struct PlacedIds {
  void* data;
  size_t columns;
};

// One session's, used from its thread only.
class StateRun {
 public:
  // Throws CodedFailure (BPB_OPEN) where tokens or targets are no input for ids.
  StateRun(bpb_session* session, StatePorts ports);

  // ONNX's numbers; 0 where the graph has no such port.
  int tokens_type() const { return tokens_type_; }
  int targets_type() const { return targets_type_; }

  // Runs with the state's rows; ids without a port are not read. With `carry` what the
  // graph writes is staged in the state, checked and not yet taken over. On a GPU only queued.
  // Gives the seconds inside the runtime's run. Throws CodedFailure; then nothing is staged.
  double run(State& state, const PlacedIds& tokens, const PlacedIds& targets, bool carry);

  // The logits of the last run, valid until the next. Throws CodedFailure (BPB_OUTPUT).
  bpb_logits logits(size_t rows, size_t time);

 private:
  int id_type(const std::string& name, const bpb_session* session) const;
  void bind(State& state, const PlacedIds& tokens, const PlacedIds& targets, bool carry);
  void bind_ids(const std::string& name, int type, const PlacedIds& ids, size_t rows);
  void bind_output(const std::string& name);
  // Whatever it holds is the caller's or the state's: none of it is kept alive here.
  void unbind();
  // Throws CodedFailure (BPB_STATE_OUTPUT), "state <slot>: expected <type and shape>, got <…>".
  void check(const State& state, size_t slot, const ort::Value* value) const;
  void collect(State& state, bool carry);
  // The output, with a hold on the input whose memory it shares, if it does.
  SharedValue whole(SharedValue output) const;

  const SessionParts parts_;
  StatePorts ports_;  // only reads that are there
  StateMemory memory_;
  int tokens_type_, targets_type_;
  ort::Owned<ort::IoBinding, ort::ReleaseIoBinding> binding_;
  std::map<const void*, SharedValue> read_;  // what the run reads of the state, by its memory
  SharedValue logits_;
};

}  // namespace bpb

#endif  // BPB_STATE_RUN_H_
