// Whether this process may use the CPU's matrix unit (AMX).
#ifndef BPB_OPERATORS_CPU_AMX_H_
#define BPB_OPERATORS_CPU_AMX_H_

namespace bpb {
namespace cpu {

// True where this build has kernels for AMX with bf16, the CPU has AMX, and the operating system lets this
// process use it: Linux grants its tiles on request, for all threads of the process.
bool amx_available();

}  // namespace cpu
}  // namespace bpb

#endif  // BPB_OPERATORS_CPU_AMX_H_
