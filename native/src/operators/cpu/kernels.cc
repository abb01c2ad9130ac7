// Choice of the kernels' instruction set at run time.
#include "kernels.h"

namespace bpb {
namespace cpu {

void squared_relu(bpb_isa, const bpb_squared_relu& a, size_t from, size_t to) {
  const float* x = static_cast<const float*>(a.x);
  float* y = static_cast<float*>(a.y);
  for (size_t i = from; i < to; i++) {
    const float z = x[i] >= 0 || x[i] != x[i] ? x[i] : a.slope * x[i];
    y[i] = z * z;
  }
}

}  // namespace cpu
}  // namespace bpb
