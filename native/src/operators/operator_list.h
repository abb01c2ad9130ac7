// The operators of the domain, one file each, and what those files share.
#ifndef BPB_OPERATOR_LIST_H_
#define BPB_OPERATOR_LIST_H_

#include <algorithm>
#include <memory>

#include "custom_ops.h"
#include "operators.h"

namespace bpb {

extern const OperatorInfo kCausalAttention;
extern const OperatorInfo kSplitNormRotary;
extern const OperatorInfo kSquaredRelu;
extern const OperatorInfo kSumNorm;
extern const OperatorInfo kSwiGlu;

template <class K>
std::unique_ptr<Kernel> make_kernel(const NodeInfo& node, bpb_type type, const Backend& backend) {
  return std::make_unique<K>(node, type, backend);
}

// Rows of `width` elements that are worth a thread of their own.
inline size_t grain_of(size_t width) {
  constexpr size_t kElements = 1 << 14;
  return std::max<size_t>(1, kElements / std::max<size_t>(1, width));
}

// Runs a kernel on `count` rows, or elements, on the session's threads.
template <class Arguments>
void launch(const Backend& backend, const Call& call, const Arguments& arguments,
            void (*kernel)(bpb_isa, const Arguments&, size_t, size_t), size_t count, size_t grain) {
  call.ranges(count, grain,
              [&](size_t from, size_t to) { kernel(backend.isa, arguments, from, to); });
}

}  // namespace bpb

#endif  // BPB_OPERATOR_LIST_H_
