// Allocation of a state's tensors in the memory of a session's provider.
#ifndef BPB_STATE_MEMORY_H_
#define BPB_STATE_MEMORY_H_

#include <memory>
#include <vector>

#include "session_parts.h"
#include "state.h"

namespace bpb {

using SharedValue = std::shared_ptr<ort::Value>;

class StateMemory {
 public:
  explicit StateMemory(const SessionParts& parts) : parts_(parts) {}

  // The slot as a run reads it, [rows, …shape]: its initial values are made, and what `keep` left is
  // cut, without a copy. On a GPU only queued. Throws ort::Failure or CodedFailure.
  const SharedValue& ready(State& state, size_t slot);

  // Takes hold of a value that a run gave.
  SharedValue own(ort::Value* value) { return hold(value, parts_.provider); }

 private:
  SharedValue initial(const SlotLayout& layout, size_t rows);
  // A tensor on `data`, which belongs to `owner`.
  SharedValue view(void* data, std::shared_ptr<void> owner, const SlotLayout& layout, size_t rows);
  // The value, released before what its memory belongs to.
  SharedValue hold(ort::Value* value, std::shared_ptr<void> owner);

  SessionParts parts_;
};

}  // namespace bpb

#endif  // BPB_STATE_MEMORY_H_
