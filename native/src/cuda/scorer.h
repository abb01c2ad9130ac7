// State of an open scorer: its device.
#ifndef BPB_CUDA_SCORER_H_
#define BPB_CUDA_SCORER_H_

#include "nll_cuda.h"

struct bpb_cuda_scorer {
  int device;
  bpb_cuda_device about;
};

#endif  // BPB_CUDA_SCORER_H_
