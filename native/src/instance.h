// What the addon keeps for each environment: the main thread and every worker have their own.
#ifndef BPB_INSTANCE_H_
#define BPB_INSTANCE_H_

#include <napi.h>

namespace bpb {

struct Instance {
  Napi::FunctionReference session_class;
  Napi::FunctionReference state_class;
};

inline Instance& instance(Napi::Env env) { return *env.GetInstanceData<Instance>(); }

}  // namespace bpb

#endif  // BPB_INSTANCE_H_
