// The part of cuBLAS whose arguments matter: products are logged with their shapes, handles know their
// stream. The rest of what a provider wants is generated (test/helpers/fake-cuda-build.ts).
#include <string.h>

#include "fake.h"

namespace fake {

namespace {

struct Handle {
  void* stream = nullptr;
};

void* stream_of(void* handle) { return static_cast<Handle*>(handle)->stream; }

}  // namespace

}  // namespace fake

using namespace fake;

FAKE_EXPORT int cublasCreate_v2(void** handle) {
  *handle = new Handle;
  return 0;
}

FAKE_EXPORT int cublasDestroy_v2(void* handle) {
  delete static_cast<Handle*>(handle);
  return 0;
}

FAKE_EXPORT int cublasSetStream_v2(void* handle, void* stream) {
  static_cast<Handle*>(handle)->stream = stream;
  return 0;
}

FAKE_EXPORT int cublasSetMathMode(void*, int mode) {
  log("BLAS cublasSetMathMode mode=%d", mode);
  return 0;
}

// CUBLAS_DEFAULT_MATH
FAKE_EXPORT int cublasGetMathMode(void*, int* mode) {
  *mode = 0;
  return 0;
}

FAKE_EXPORT const char* cublasGetStatusName(int) { return "CUBLAS_STATUS_NOT_SUPPORTED"; }
FAKE_EXPORT const char* cublasGetStatusString(int) { return "not supported"; }

FAKE_EXPORT int cublasGemmEx(void* handle, int ta, int tb, int m, int n, int k, const void*,
                             const void*, int at, int, const void*, int bt, int, const void*, void*,
                             int ct, int, int compute, int) {
  log("BLAS cublasGemmEx m=%d n=%d k=%d at=%d bt=%d ct=%d comp=%d ta=%d tb=%d stream=%p", m, n, k,
      at, bt, ct, compute, ta, tb, stream_of(handle));
  return 0;
}

FAKE_EXPORT int cublasGemmStridedBatchedEx(void* handle, int ta, int tb, int m, int n, int k,
                                           const void*, const void*, int at, int, long long,
                                           const void*, int bt, int, long long, const void*, void*,
                                           int ct, int, long long, int count, int compute, int) {
  log("BLAS cublasGemmStridedBatchedEx m=%d n=%d k=%d count=%d at=%d bt=%d ct=%d comp=%d ta=%d "
      "tb=%d "
      "stream=%p",
      m, n, k, count, at, bt, ct, compute, ta, tb, stream_of(handle));
  return 0;
}

FAKE_EXPORT int cublasGemmBatchedEx(void* handle, int ta, int tb, int m, int n, int k, const void*,
                                    const void*, int at, int, const void*, int bt, int, const void*,
                                    void*, int ct, int, int count, int compute, int) {
  log("BLAS cublasGemmBatchedEx m=%d n=%d k=%d count=%d at=%d bt=%d ct=%d comp=%d ta=%d tb=%d "
      "stream=%p",
      m, n, k, count, at, bt, ct, compute, ta, tb, stream_of(handle));
  return 0;
}

FAKE_EXPORT int cublasSgemm_v2(void* handle, int ta, int tb, int m, int n, int k, const float*,
                               const float*, int, const float*, int, const float*, float*, int) {
  log("BLAS cublasSgemm m=%d n=%d k=%d ta=%d tb=%d stream=%p", m, n, k, ta, tb, stream_of(handle));
  return 0;
}

FAKE_EXPORT int cublasSgemmStridedBatched(void* handle, int ta, int tb, int m, int n, int k,
                                          const float*, const float*, int, long long, const float*,
                                          int, long long, const float*, float*, int, long long,
                                          int count) {
  log("BLAS cublasSgemmStridedBatched m=%d n=%d k=%d count=%d ta=%d tb=%d stream=%p", m, n, k,
      count, ta, tb, stream_of(handle));
  return 0;
}

FAKE_EXPORT int cublasSgemmBatched(void* handle, int ta, int tb, int m, int n, int k, const float*,
                                   const float* const*, int, const float* const*, int, const float*,
                                   float* const*, int, int count) {
  log("BLAS cublasSgemmBatched m=%d n=%d k=%d count=%d ta=%d tb=%d stream=%p", m, n, k, count, ta,
      tb, stream_of(handle));
  return 0;
}

namespace {

int new_object(void** object) {
  *object = new uint64_t[16]();
  return 0;
}

int delete_object(void* object) {
  delete[] static_cast<uint64_t*>(object);
  return 0;
}

}  // namespace

FAKE_EXPORT int cublasLtCreate(void** handle) { return new_object(handle); }
FAKE_EXPORT int cublasLtDestroy(void* handle) { return delete_object(handle); }
FAKE_EXPORT int cublasLtMatmulDescCreate(void** made, int, int) { return new_object(made); }
FAKE_EXPORT int cublasLtMatmulDescDestroy(void* made) { return delete_object(made); }
FAKE_EXPORT int cublasLtMatmulPreferenceCreate(void** made) { return new_object(made); }
FAKE_EXPORT int cublasLtMatmulPreferenceDestroy(void* made) { return delete_object(made); }
FAKE_EXPORT int cublasLtMatrixLayoutCreate(void** made, int, uint64_t, uint64_t, int64_t) {
  return new_object(made);
}
FAKE_EXPORT int cublasLtMatrixLayoutDestroy(void* made) { return delete_object(made); }
FAKE_EXPORT int cublasLtMatrixTransformDescCreate(void** made, int) { return new_object(made); }
FAKE_EXPORT int cublasLtMatrixTransformDescDestroy(void* made) { return delete_object(made); }

FAKE_EXPORT int cublasLtMatmulAlgoGetHeuristic(void*, void*, void*, void*, void*, void*, void*, int,
                                               HeuristicResult* results, int* count) {
  *results = {};
  *count = 1;
  return 0;
}
