// The version of cuDNN that the provider's kernels would find.
#ifndef BPB_CUDNN_VERSION_H_
#define BPB_CUDNN_VERSION_H_

#include <string>

namespace bpb {

// "9.10.2"; empty where there is none. Loads the library, as the provider does, by the loader's own
// search and by the same names.
std::string cudnn_version();

}  // namespace bpb

#endif  // BPB_CUDNN_VERSION_H_
