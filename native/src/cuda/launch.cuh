// Launch of the kernel: a request completed for its type, formula and number of lanes.
#ifndef BPB_CUDA_LAUNCH_CUH_
#define BPB_CUDA_LAUNCH_CUH_

#include "kernel.cuh"

namespace bpb {
namespace cuda {

template <class T, class Formula>
cudaError_t launch_lanes(Request& q, const Formula& f, int lanes, int multiprocessors,
                         cudaStream_t stream) {
  const uint32_t blocks = complete<T>(q, lanes, multiprocessors);
  if (lanes == 8) score_kernel<T, Formula, 8><<<blocks, kBlock, 0, stream>>>(q, f);
  if (lanes == 32) score_kernel<T, Formula, 32><<<blocks, kBlock, 0, stream>>>(q, f);
  if (lanes == kBlock) score_kernel<T, Formula, kBlock><<<blocks, kBlock, 0, stream>>>(q, f);
  return cudaGetLastError();
}

// `lanes` 0 chooses. `q` lacks only what depends on the lanes.
template <class T>
cudaError_t launch(Request& q, double softcap, int lanes, int multiprocessors,
                   cudaStream_t stream) {
  if (lanes == 0) lanes = lanes_for(q.vocab);
  if (softcap == 0) return launch_lanes<T>(q, Plain{}, lanes, multiprocessors, stream);
  if (softcap >= FastCap::kMin && softcap <= FastCap::kMax) {
    return launch_lanes<T>(q, make_fast_cap(softcap), lanes, multiprocessors, stream);
  }
  return launch_lanes<T>(q, make_any_cap(softcap), lanes, multiprocessors, stream);
}

}  // namespace cuda
}  // namespace bpb

#endif  // BPB_CUDA_LAUNCH_CUH_
