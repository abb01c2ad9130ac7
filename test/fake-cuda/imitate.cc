// What the two kernels of libbpb_cuda would have left behind, but for the nats themselves: the same for
// every target. What they read (rows, targets, spans) was really sent up, and is checked.
#include <string.h>

#include "cuda/request.h"
#include "fake.h"

namespace fake {

namespace {

// Near ln 400: what a fresh model gives; a multiple of 2^-30, so that sums are exact.
constexpr float kNats = 6;
constexpr int64_t kNatsQ30 = int64_t{6} << 30;

template <class T>
T* mirrored(T* device, size_t count) {
  return static_cast<T*>(shadow(device, count * sizeof(T)));
}

void clear(bpb_cuda_flags* device) {
  bpb_cuda_flags* flags = mirrored(device, 1);
  if (flags == nullptr) return log("REFUSED clear_flags outside its memory");
  *flags = {0, UINT64_MAX, UINT64_MAX};
}

void score(const bpb::cuda::Request& q) {
  const uint32_t count = q.schedule.count;
  bpb_cuda_flags* flags = mirrored(q.flags, 1);
  float* nats = mirrored(q.nats, count);
  const int32_t* targets = mirrored(q.targets, count);
  const uint32_t* rows = q.rows != nullptr ? mirrored(q.rows, count) : nullptr;
  const uint32_t* ends = q.spans > 0 ? mirrored(q.span_ends, q.spans) : nullptr;
  int64_t* totals = q.spans > 0 ? mirrored(q.totals, q.spans) : nullptr;
  if (flags == nullptr || nats == nullptr || targets == nullptr ||
      (q.rows != nullptr && rows == nullptr) ||
      (q.spans > 0 && (ends == nullptr || totals == nullptr))) {
    return log("REFUSED score_kernel outside its memory");
  }
  for (uint32_t k = 0; k < count; k++) {
    const uint32_t row = rows != nullptr ? rows[k] : k;
    // The row's last byte; an element is 2 bytes or more.
    const bool there = shadow(q.logits + row * q.row_bytes, q.vocab * 2) != nullptr;
    const bool known = targets[k] >= 0 && static_cast<uint32_t>(targets[k]) < q.vocab;
    if (there && known) {
      nats[k] = kNats;
      continue;
    }
    log("REFUSED score_kernel: target %u is %d on row %u", k, targets[k], row);
    if (k < flags->refused) flags->refused = k;
  }
  uint32_t begin = 0;
  for (uint32_t s = 0; s < q.spans; s++) {
    totals[s] += (ends[s] - begin) * kNatsQ30;
    begin = ends[s];
  }
}

}  // namespace

void imitate(const char* name, void** arguments) {
  if (strstr(name, "clear_flags") != nullptr) clear(*static_cast<bpb_cuda_flags**>(arguments[0]));
  if (strstr(name, "score_kernel") != nullptr) {
    score(*static_cast<bpb::cuda::Request*>(arguments[0]));
  }
  imitate_operator(name, arguments);
}

}  // namespace fake
