// The operators that this build has and this CPU can run.
#include "operator_list.h"

namespace bpb {

const std::vector<const OperatorInfo*>& all_operators() {
  static const auto& list = *new std::vector<const OperatorInfo*>{
      &kCausalAttention, &kSplitNormRotary, &kSquaredRelu, &kSumNorm, &kSwiGlu};
  return list;
}

}  // namespace bpb
