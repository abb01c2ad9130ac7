// The operators of the domain, one file each.
#ifndef BPB_OPERATOR_LIST_H_
#define BPB_OPERATOR_LIST_H_

#include "custom_ops.h"

namespace bpb {

extern const OperatorInfo kSquaredRelu;

}  // namespace bpb

#endif  // BPB_OPERATOR_LIST_H_
