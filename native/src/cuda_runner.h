// Batches on a GPU: ids up, the model, the scorer and four bytes a target back, on one stream.
#ifndef BPB_CUDA_RUNNER_H_
#define BPB_CUDA_RUNNER_H_

#include <memory>

#include "batch_runner.h"
#include "cuda_device.h"

namespace bpb {

std::unique_ptr<BatchRunner> make_cuda_runner(bpb_session* session, CudaDevice& device,
                                              std::unique_ptr<StateRun> run);

}  // namespace bpb

#endif  // BPB_CUDA_RUNNER_H_
