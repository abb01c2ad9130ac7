// Error type of the C interfaces: a stable code and a message.
#ifndef BPB_ERROR_H_
#define BPB_ERROR_H_

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

// `code` is a string literal and becomes the `code` of the JavaScript Error:
//   BPB_LIBRARY   libonnxruntime cannot be loaded        BPB_OPEN     the session was not created
//   BPB_RUN       the model run failed                   BPB_OUTPUT   the logits are not as expected
//   BPB_TARGET    a target is beyond the vocabulary      BPB_OVERFLOW a span sum is beyond int64
//   BPB_STATE_OUTPUT  a graph gave a next value that is not of its state's type and shape
//   BPB_STATE_MISUSE  a state was used after it was freed, or in two runs at once
// and on a GPU
//   BPB_CUDA_LIBRARY   the scorer's library cannot be used
//   BPB_CUDA_PROVIDER  ONNX Runtime's CUDA provider cannot be used
//   BPB_CUDNN          a node needs cuDNN, and it cannot be used; the message names the node
//   BPB_CPU_NODES      nodes of the graph would run on the CPU; the message names them
//   BPB_CUDA_MEMORY    not enough memory: a smaller batch may do
//   BPB_CUDA_DRIVER, BPB_CUDA_DEVICE, BPB_CUDA_RUN, BPB_CUDA_ARGUMENT   see cuda/nll_cuda.h
typedef struct bpb_error {
  const char* code;
  char message[4096];
} bpb_error;

#define BPB_FAIL(error, error_code, ...)                               \
  do {                                                                 \
    (error)->code = (error_code);                                      \
    snprintf((error)->message, sizeof((error)->message), __VA_ARGS__); \
  } while (0)

#ifdef __cplusplus
}
#endif

#endif  // BPB_ERROR_H_
