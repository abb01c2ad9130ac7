// Whether this process may use the CPU's matrix unit (AMX).
#include "amx.h"

#ifdef BPB_AMX
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../nll.h"
#endif

namespace bpb {
namespace cpu {

#ifdef BPB_AMX
namespace {

// CPUID leaf 7 (Intel SDM, volume 2A).
bool cpu_has_amx() {
  constexpr unsigned kBf16Tiles = 1u << 22, kTiles = 1u << 24;  // EDX of subleaf 0
  constexpr unsigned kBf16Vectors = 1u << 5;                    // EAX of subleaf 1
  unsigned a, b, c, d;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  if ((d & kBf16Tiles) == 0 || (d & kTiles) == 0) return false;
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) == 0) return false;
  return (a & kBf16Vectors) != 0 && bpb_best_isa() == BPB_AVX512;
}

// Linux, Documentation/arch/x86/xstate.rst.
bool permitted() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

bool amx_available() {
  static const bool available = cpu_has_amx() && permitted();
  return available;
}
#else
bool amx_available() { return false; }
#endif

}  // namespace cpu
}  // namespace bpb
