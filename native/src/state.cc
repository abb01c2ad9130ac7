// State of documents in one batch, carried from run to run.
#include "state.h"

#include <utility>

namespace bpb {

void State::keep(size_t rows) {
  drop_staged();
  rows_ = rows;
}

void State::reset() {
  drop_staged();
  for (size_t slot = 0; slot < current_.size(); slot++) {
    if ((*layout_)[slot].resets) current_[slot] = {};
  }
}

void State::commit() {
  for (size_t slot = 0; slot < staged_.size(); slot++) {
    if (staged_[slot].value != nullptr) current_[slot] = std::exchange(staged_[slot], {});
  }
}

void State::free() {
  drop_staged();
  current_.assign(current_.size(), {});
  rows_ = 0;
}

}  // namespace bpb
