// Stands in for libbpb_cuda: device memory is host memory that only this file may be handed.
#include <string.h>

#include <chrono>
#include <map>
#include <mutex>

#include "cuda/memory.h"
#include "cuda/nll_cuda.h"
#include "fake.h"
#include "fixed_point.h"
#include "nll_isa.h"

struct bpb_cuda_scorer {
  int device;
  bpb_cuda_device about;
};

namespace {

struct Block {
  size_t bytes;
  bool pinned;
  int device;
};
std::mutex mutex;
std::map<const char*, Block> blocks;

// The block that holds [at, at + bytes), or null.
const Block* find(const void* at, size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  const char* begin = static_cast<const char*>(at);
  auto next = blocks.upper_bound(begin);
  if (next == blocks.begin()) return nullptr;
  const auto& [start, block] = *--next;
  return begin + bytes <= start + block.bytes ? &block : nullptr;
}

bool on_device(const void* at, size_t bytes) {
  const Block* block = find(at, bytes);
  return bytes == 0 || (block != nullptr && !block->pinned);
}

int refuse(bpb_error* error, const char* what) {
  BPB_FAIL(error, "BPB_CUDA_ARGUMENT", "fake GPU: %s", what);
  return -1;
}

}  // namespace

extern "C" int bpb_cuda_abi(void) {
  return static_cast<int>(fake::number("FAKE_GPU_ABI", BPB_CUDA_ABI));
}

extern "C" int bpb_cuda_device_count(bpb_error* error) {
  if (fake::devices() == 0) BPB_FAIL(error, "BPB_CUDA_DRIVER", "fake GPU: no device");
  return static_cast<int>(fake::devices());
}

extern "C" bpb_cuda_scorer* bpb_cuda_open(int device, bpb_error* error) {
  if (fake::number("FAKE_GPU_OLD_DRIVER", 0)) {
    BPB_FAIL(error, "BPB_CUDA_DRIVER",
             "CUDA driver version is insufficient for CUDA runtime version");
    return nullptr;
  }
  // A code of nll_cuda.h, with CUDA's words for one such failure.
  if (const char* code = getenv("FAKE_GPU_SCORER_REFUSES")) {
    BPB_FAIL(error, code, "%s",
             strcmp(code, "BPB_CUDA_DEVICE") == 0
                 ? "looking for code for the device: no kernel image is available for execution on "
                   "the device (cudaErrorNoKernelImageForDevice)"
                 : "asking the device: API call is not supported in the installed CUDA driver "
                   "(cudaErrorCallRequiresNewerDriver)");
    return nullptr;
  }
  if (device >= fake::devices()) {
    BPB_FAIL(error, "BPB_CUDA_DEVICE", "there is no CUDA device %d", device);
    return nullptr;
  }
  auto* scorer = new bpb_cuda_scorer{device, {}};
  snprintf(scorer->about.name, sizeof(scorer->about.name), "%s", fake::device_name(device).c_str());
  scorer->about.major = 9;
  scorer->about.driver = scorer->about.runtime = 13000;
  scorer->about.memory_bytes = uint64_t{1} << 34;
  return scorer;
}

extern "C" void bpb_cuda_close(bpb_cuda_scorer* scorer) { delete scorer; }

extern "C" const bpb_cuda_device* bpb_cuda_describe(const bpb_cuda_scorer* scorer) {
  return &scorer->about;
}

extern "C" int bpb_cuda_stream_create(const bpb_cuda_scorer* scorer, void** stream, bpb_error*) {
  auto* made = new fake::Stream;
  made->device = scorer->device;
  *stream = made;
  return 0;
}

extern "C" void bpb_cuda_stream_destroy(void* stream) { delete static_cast<fake::Stream*>(stream); }

extern "C" int bpb_cuda_stream_wait(void* stream, bpb_error* error) {
  auto* queue = static_cast<fake::Stream*>(stream);
  if (queue->lost) {
    BPB_FAIL(error, "BPB_CUDA_RUN", "waiting for the device: unspecified launch failure");
    return -1;
  }
  queue->run();
  return 0;
}

extern "C" int bpb_cuda_alloc(const bpb_cuda_scorer* scorer, int pinned, size_t bytes,
                              void** memory, bpb_error*) {
  *memory = malloc(bytes + 1);
  memset(*memory, 0xa5, bytes);
  std::lock_guard<std::mutex> lock(mutex);
  blocks[static_cast<char*>(*memory)] = {bytes, pinned != 0, scorer->device};
  return 0;
}

extern "C" void bpb_cuda_free(const bpb_cuda_scorer*, int, void* memory) {
  std::lock_guard<std::mutex> lock(mutex);
  blocks.erase(static_cast<char*>(memory));
  free(memory);
}

extern "C" int bpb_cuda_copy(void* to, const void* from, size_t bytes, void* stream,
                             bpb_error* error) {
  const Block *target = find(to, bytes), *source = find(from, bytes);
  if (target == nullptr || source == nullptr) return refuse(error, "a copy outside its memory");
  if (target->pinned && !source->pinned) fake::log("download %zu", bytes);
  auto* queue = static_cast<fake::Stream*>(stream);
  queue->queue.push_back([=] { memcpy(to, from, bytes); });
  return 0;
}

extern "C" int bpb_cuda_memory_info(const bpb_cuda_scorer*, uint64_t* free_bytes,
                                    uint64_t* total_bytes, bpb_error*) {
  *free_bytes = 1000000000;
  *total_bytes = uint64_t{1} << 34;
  return 0;
}

// An event has its time once the stream has reached it, as a result does.
extern "C" int bpb_cuda_moment_create(const bpb_cuda_scorer*, void** moment, bpb_error*) {
  *moment = new double(-1);
  return 0;
}

extern "C" void bpb_cuda_moment_destroy(void* moment) { delete static_cast<double*>(moment); }

extern "C" int bpb_cuda_moment_mark(void* moment, void* stream, bpb_error*) {
  double* at = static_cast<double*>(moment);
  *at = -1;
  static_cast<fake::Stream*>(stream)->queue.push_back([at] {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    *at = std::chrono::duration<double>(now).count();
  });
  return 0;
}

extern "C" int bpb_cuda_moment_seconds(void* from, void* to, double* seconds, bpb_error* error) {
  const double begin = *static_cast<double*>(from), end = *static_cast<double*>(to);
  if (begin < 0 || end < 0) return refuse(error, "a moment that has not come");
  *seconds = end - begin;
  return 0;
}

extern "C" int bpb_cuda_clear(const bpb_cuda_scorer*, const bpb_cuda_sums* sums, void* stream,
                              bpb_error* error) {
  if (!on_device(sums->totals, sums->spans * sizeof(int64_t)) ||
      !on_device(sums->flags, sizeof(*sums->flags))) {
    return refuse(error, "sums that are not on the device");
  }
  static_cast<fake::Stream*>(stream)->queue.push_back([sums = *sums] {
    if (sums.spans > 0) memset(sums.totals, 0, sums.spans * sizeof(int64_t));
    *sums.flags = {0, UINT64_MAX, UINT64_MAX};
  });
  return 0;
}

extern "C" int bpb_cuda_score(const bpb_cuda_scorer* scorer, const bpb_logits* logits,
                              const bpb_targets* targets, float* nats, const bpb_cuda_sums* sums,
                              void* stream, bpb_error* error) {
  const size_t count = targets->count;
  if (logits->location != BPB_CUDA) return refuse(error, "logits that are not on the device");
  if ((targets->rows != nullptr && !on_device(targets->rows, count * sizeof(uint32_t))) ||
      !on_device(targets->targets, count * sizeof(int32_t)) ||
      !on_device(nats, count * sizeof(float)) ||
      !on_device(sums->span_ends, sums->spans * sizeof(uint32_t))) {
    return refuse(error, "an argument that is not on the device");
  }
  fake::log("score %zu on %d", count, scorer->device);
  static_cast<fake::Stream*>(stream)->queue.push_back([logits = *logits, targets = *targets, nats,
                                                       sums = *sums, count] {
    bpb::nll_portable(logits, targets, nats);
    std::vector<int64_t> added(sums.spans);
    uint64_t infinite = 0;
    for (size_t k = count; k-- > 0;) {
      if (nats[k] != nats[k]) sums.flags->refused = k;
    }
    if (sums.flags->refused != UINT64_MAX) return;
    const int64_t over = bpb::sum_spans(nats, sums.span_ends, sums.spans, added.data(), &infinite);
    if (over >= 0) sums.flags->overflow = static_cast<uint64_t>(over);
    for (size_t s = 0; s < sums.spans; s++) sums.totals[s] += added[s];
    sums.flags->infinite += infinite;
  });
  return 0;
}
