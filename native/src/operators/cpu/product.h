// Products with constant weights on AMX; only where amx_available() says so.
#ifndef BPB_OPERATORS_CPU_PRODUCT_H_
#define BPB_OPERATORS_CPU_PRODUCT_H_

#include <memory>

#include "../operators.h"

namespace bpb {
namespace cpu {

// Frees what product_weights made.
struct FreeWeights {
  void operator()(void* weights) const;
};
using Weights = std::unique_ptr<void, FreeWeights>;

// Weights [inner, width], or [width, inner] where `transposed`, in three parts of bf16 as bpb_product takes them.
// Throws std::bad_alloc.
Weights product_weights(const float* weights, size_t inner, size_t width, bool transposed);

// Parts of a product that threads may compute in any order; 0 where there is nothing to compute.
size_t product_pieces(const bpb_product& arguments);

// Pieces `from` to `to`.
void product(const bpb_product& arguments, size_t from, size_t to);

}  // namespace cpu
}  // namespace bpb

#endif  // BPB_OPERATORS_CPU_PRODUCT_H_
