// Ids in host memory of their own, in the type that a graph takes.
#ifndef BPB_ID_BUFFER_H_
#define BPB_ID_BUFFER_H_

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "ort_api.h"

namespace bpb {

class IdBuffer {
 public:
  // int32 where `type` is its number, else int64. Valid until the next call.
  void* fill(const int32_t* ids, size_t count, int type) {
    if (type == ort::kInt32) {
      narrow_.assign(ids, ids + count);
      return narrow_.data();
    }
    wide_.assign(ids, ids + count);
    return wide_.data();
  }

  static size_t size(int type) { return type == ort::kInt32 ? sizeof(int32_t) : sizeof(int64_t); }

 private:
  std::vector<int64_t> wide_;
  std::vector<int32_t> narrow_;
};

}  // namespace bpb

#endif  // BPB_ID_BUFFER_H_
