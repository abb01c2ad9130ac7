// The operators that this build has and this CPU can run.
#include "operator_list.h"

#include "cpu/amx.h"

namespace bpb {

const std::vector<const OperatorInfo*>& all_operators() {
  static const auto& list = *[] {
    auto* found = new std::vector<const OperatorInfo*>{&kCausalAttention, &kSplitNormRotary,
                                                       &kSquaredRelu, &kSumNorm, &kSwiGlu};
#ifdef BPB_AMX
    if (cpu::amx_available()) found->push_back(&kProduct);
#endif
    return found;
  }();
  return list;
}

}  // namespace bpb
