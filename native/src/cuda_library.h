// libbpb_cuda, loaded on demand: the scorer, the operators, streams and memory of GPUs without a CUDA build here.
#ifndef BPB_CUDA_LIBRARY_H_
#define BPB_CUDA_LIBRARY_H_

#include <string>

#include "cuda/memory.h"
#include "cuda/nll_cuda.h"
#include "cuda/operators/operators_cuda.h"

namespace bpb {

// Its functions under the names of nll_cuda.h, memory.h and operators_cuda.h, less the prefix `bpb_cuda_`.
struct CudaLibrary {
  decltype(&bpb_cuda_abi) abi;
  decltype(&bpb_cuda_device_count) device_count;
  decltype(&bpb_cuda_open) open;
  decltype(&bpb_cuda_close) close;
  decltype(&bpb_cuda_describe) describe;
  decltype(&bpb_cuda_clear) clear;
  decltype(&bpb_cuda_score) score;
  decltype(&bpb_cuda_stream_create) stream_create;
  decltype(&bpb_cuda_stream_destroy) stream_destroy;
  decltype(&bpb_cuda_stream_wait) stream_wait;
  decltype(&bpb_cuda_alloc) alloc;
  decltype(&bpb_cuda_free) free;
  decltype(&bpb_cuda_copy) copy;
  decltype(&bpb_cuda_memory_info) memory_info;
  decltype(&bpb_cuda_moment_create) moment_create;
  decltype(&bpb_cuda_moment_destroy) moment_destroy;
  decltype(&bpb_cuda_moment_mark) moment_mark;
  decltype(&bpb_cuda_moment_seconds) moment_seconds;
  decltype(&bpb_cuda_sum_norm) sum_norm;
  decltype(&bpb_cuda_split_norm_rotary) split_norm_rotary;
  decltype(&bpb_cuda_squared_relu) squared_relu;
  decltype(&bpb_cuda_swiglu) swiglu;

  // The library at `path`, loaded on first use and kept until the process ends.
  // Throws CodedFailure (BPB_CUDA_LIBRARY) where it is not there, is another one or another ABI.
  static const CudaLibrary& at(const std::string& path);
};

}  // namespace bpb

#endif  // BPB_CUDA_LIBRARY_H_
