// Batches on a GPU, on one stream: ids to the device, the model, the scorer, nats to the host.
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
