// State of documents in one batch, carried from run to run: tensors in the provider's memory.
//
// A state is one thread's at a time: the JavaScript thread's, or while it is leased the thread's of
// the session that runs with it.
#ifndef BPB_STATE_H_
#define BPB_STATE_H_

#include <stdint.h>

#include <memory>
#include <vector>

#include "ort_api.h"

namespace bpb {

// One tensor of one document; in the graphs it is [rows, …shape].
struct SlotLayout {
  std::vector<int64_t> shape;
  int type = 0;               // ONNX's number
  size_t bytes = 0;           // of one document
  std::vector<uint8_t> init;  // as many, or none for zeros
  bool resets = false;        // begins anew at each document
};

using StateLayout = std::vector<SlotLayout>;

// A tensor of `rows` documents. Whatever its memory belongs to goes when the last hold on it goes.
struct StateValue {
  std::shared_ptr<ort::Value> value;  // null: the initial values, which no run has needed so far
  size_t rows = 0;
};

class State {
 public:
  State(std::shared_ptr<const StateLayout> layout, size_t rows)
      : layout_(std::move(layout)),
        rows_(rows),
        current_(layout_->size()),
        staged_(current_.size()) {}

  const StateLayout& layout() const { return *layout_; }
  size_t rows() const { return rows_; }
  bool freed() const { return rows_ == 0; }

  // Only the first `rows` documents go on, 1 <= rows <= rows().
  void keep(size_t rows);
  // The slots that reset begin anew.
  void reset();
  // Takes over what the last run staged; nothing where it failed or wrote nothing.
  void commit();
  void free();

  // `rows` of the value may be more than rows(): then the first ones count.
  StateValue& at(size_t slot) { return current_[slot]; }
  void stage(size_t slot, StateValue value) { staged_[slot] = std::move(value); }
  void drop_staged() { staged_.assign(staged_.size(), {}); }

  bool leased = false;  // the JavaScript thread's to read and write

 private:
  std::shared_ptr<const StateLayout> layout_;
  size_t rows_;  // 0 when it was freed
  std::vector<StateValue> current_, staged_;
};

}  // namespace bpb

#endif  // BPB_STATE_H_
