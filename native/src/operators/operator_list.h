// The operators of the domain, one file each, and what those files share.
#ifndef BPB_OPERATOR_LIST_H_
#define BPB_OPERATOR_LIST_H_

#include <algorithm>
#include <memory>

#include "../cuda_library.h"
#include "custom_ops.h"
#include "operators.h"

namespace bpb {

extern const OperatorInfo kCausalAttention;
extern const OperatorInfo kProduct;
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

// The kernel of an operator on each kind of device.
template <class Arguments>
struct Kernels {
  // Rows, or elements, `from` to `to`.
  void (*cpu)(bpb_isa, const Arguments&, size_t from, size_t to);
  int (*CudaLibrary::*cuda)(const Arguments*, void* stream, bpb_error*);
};

// Computes `count` rows, or elements: on the session's threads, at least `grain` in each piece, or queued on the
// stream of the GPU's session. Throws ort::Failure.
template <class Arguments>
void launch(const Backend& backend, const Call& call, const Arguments& arguments,
            const Kernels<Arguments>& kernels, size_t count, size_t grain) {
  if (backend.cuda == nullptr) {
    call.ranges(count, grain,
                [&](size_t from, size_t to) { kernels.cpu(backend.isa, arguments, from, to); });
    return;
  }
  bpb_error error{"", ""};
  if ((backend.cuda->*kernels.cuda)(&arguments, call.stream(), &error) != 0) {
    throw ort::Failure(error.message);
  }
}

}  // namespace bpb

#endif  // BPB_OPERATOR_LIST_H_
