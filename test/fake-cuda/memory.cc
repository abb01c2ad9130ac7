// Device memory: addresses that the host cannot touch, and a mirror of them that it can.
//
// One file without a name on disk is mapped twice, for all devices together: once without any access,
// which is what callers get, and once readable, which copies use. Pages exist once written.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <mutex>

#include "fake.h"

namespace fake {

namespace {

constexpr size_t kSpaceBytes = size_t{1} << 40;  // of addresses; not of memory
constexpr size_t kAlignment = 512;
// What is left for allocations of a device when nothing is allocated, as a context takes some.
constexpr uint64_t kContextBytes = uint64_t{1} << 29;

struct Block {
  size_t bytes;
  int device;
};

struct Space {
  std::mutex mutex;
  int file;
  char *closed, *open;
  std::map<size_t, Block> blocks;  // by offset
  std::map<int, uint64_t> used;    // by device
  std::map<void*, size_t> pinned;

  Space() {
    file = memfd_create("fake-cuda", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, static_cast<off_t>(kSpaceBytes)) != 0) abort();
    closed = map(PROT_NONE);
    open = map(PROT_READ | PROT_WRITE);
  }
  char* map(int access) {
    void* at = mmap(nullptr, kSpaceBytes, access, MAP_SHARED | MAP_NORESERVE, file, 0);
    if (at == MAP_FAILED) abort();
    return static_cast<char*>(at);
  }
  uint64_t available(int device) {
    const uint64_t taken = used[device] + kContextBytes;
    return device_bytes() > taken ? device_bytes() - taken : 0;
  }
  // The first gap of so many bytes.
  size_t gap(size_t bytes) {
    size_t end = 0;
    for (const auto& [offset, block] : blocks) {
      if (offset - end >= bytes) break;
      end = offset + block.bytes;
    }
    return end;
  }
};

Space& space() {
  static Space& space = *new Space;
  return space;
}

}  // namespace

bool is_device(const void* at) {
  const Space& all = space();
  const char* where = static_cast<const char*>(at);
  return where >= all.closed && where < all.closed + kSpaceBytes;
}

void* shadow(const void* at, size_t bytes) {
  if (!is_device(at)) return nullptr;
  Space& all = space();
  const size_t offset = static_cast<size_t>(static_cast<const char*>(at) - all.closed);
  std::lock_guard<std::mutex> lock(all.mutex);
  auto next = all.blocks.upper_bound(offset);
  if (next == all.blocks.begin()) return nullptr;
  const auto& [start, block] = *--next;
  return offset + bytes <= start + block.bytes ? all.open + offset : nullptr;
}

}  // namespace fake

using namespace fake;

FAKE_EXPORT int cudaMalloc(void** memory, size_t bytes) {
  if (const Status bad = refusal()) return bad;
  log("cudaMalloc %zu", bytes);
  *memory = nullptr;
  if (bytes == 0) return kSuccess;
  if (bytes > number("FAKE_CUDA_ALLOC_MAX", UINT64_MAX)) return keep(kMemoryAllocation);
  const size_t taken = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  Space& all = space();
  std::lock_guard<std::mutex> lock(all.mutex);
  const int device = current_device();
  if (taken > all.available(device)) return keep(kMemoryAllocation);
  const size_t offset = all.gap(taken);
  all.blocks[offset] = {taken, device};
  all.used[device] += taken;
  *memory = all.closed + offset;
  return kSuccess;
}

FAKE_EXPORT int cudaFree(void* memory) {
  if (memory == nullptr) return refusal();
  Space& all = space();
  const size_t offset = static_cast<size_t>(static_cast<char*>(memory) - all.closed);
  std::lock_guard<std::mutex> lock(all.mutex);
  const auto found = is_device(memory) ? all.blocks.find(offset) : all.blocks.end();
  if (found == all.blocks.end()) return keep(kInvalidValue);
  log("cudaFree %zu", found->second.bytes);
  all.used[found->second.device] -= found->second.bytes;
  // Whoever gets these addresses next finds zeros.
  fallocate(all.file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
            static_cast<off_t>(found->second.bytes));
  all.blocks.erase(found);
  return refusal();
}

FAKE_EXPORT int cudaMallocHost(void** memory, size_t bytes) {
  if (const Status bad = refusal()) return bad;
  log("cudaMallocHost %zu", bytes);
  *memory = nullptr;
  if (bytes == 0) return kSuccess;
  *memory = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  if (*memory == nullptr) return keep(kMemoryAllocation);
  Space& all = space();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.pinned[*memory] = bytes;
  return kSuccess;
}

FAKE_EXPORT int cudaHostAlloc(void** memory, size_t bytes, unsigned) {
  return cudaMallocHost(memory, bytes);
}

FAKE_EXPORT int cudaFreeHost(void* memory) {
  if (memory == nullptr) return refusal();
  Space& all = space();
  std::lock_guard<std::mutex> lock(all.mutex);
  const auto found = all.pinned.find(memory);
  if (found == all.pinned.end()) return keep(kInvalidValue);
  log("cudaFreeHost %zu", found->second);
  all.pinned.erase(found);
  free(memory);
  return refusal();
}

FAKE_EXPORT int cudaMemGetInfo(size_t* available, size_t* total) {
  if (const Status bad = refusal()) return bad;
  Space& all = space();
  std::lock_guard<std::mutex> lock(all.mutex);
  *available = all.available(current_device());
  *total = device_bytes();
  return kSuccess;
}

FAKE_EXPORT int cudaPointerGetAttributes(PointerAttributes* about, const void* memory) {
  *about = {};
  Space& all = space();
  std::lock_guard<std::mutex> lock(all.mutex);
  void* const at = const_cast<void*>(memory);
  if (is_device(memory)) {
    about->type = kDevice;
    about->devicePointer = at;
  } else if (all.pinned.count(at) > 0) {
    about->type = kHost;
    about->devicePointer = about->hostPointer = at;
  }
  return refusal();
}
