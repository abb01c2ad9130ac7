// Copies and memsets. Those that reach beyond an allocation are refused, as a GPU's driver refuses them.
#include <string.h>

#include "fake.h"

namespace fake {

namespace {

// Within the device only small ones are made: activations, which nobody computed, are not worth it.
constexpr size_t kWithinDeviceMax = size_t{1} << 20;

Status copy(const char* what, void* to, const void* from, size_t bytes, int kind, void* stream) {
  if (const Status bad = refusal()) return bad;
  const bool up = is_device(to), down = is_device(from);
  log("%s %zu %s->%s kind=%d stream=%p", what, bytes, down ? "D" : "H", up ? "D" : "H", kind,
      stream);
  if (bytes == 0) return kSuccess;
  void* target = up ? shadow(to, bytes) : to;
  const void* source = down ? shadow(from, bytes) : from;
  const bool lies =
      (kind == kHostToDevice && (!up || down)) || (kind == kDeviceToHost && (up || !down));
  if (target == nullptr || source == nullptr || lies) {
    log("REFUSED %s outside its memory", what);
    return keep(kInvalidValue);
  }
  if (!(up && down) || bytes <= kWithinDeviceMax) memmove(target, source, bytes);
  return kSuccess;
}

Status set(const char* what, void* to, int value, size_t bytes, void* stream) {
  if (const Status bad = refusal()) return bad;
  log("%s %zu stream=%p", what, bytes, stream);
  if (bytes == 0) return kSuccess;
  void* target = shadow(to, bytes);
  if (target == nullptr) {
    log("REFUSED %s outside its memory", what);
    return keep(kInvalidValue);
  }
  if (bytes <= kWithinDeviceMax) memset(target, value, bytes);
  return kSuccess;
}

}  // namespace

}  // namespace fake

using namespace fake;

FAKE_EXPORT int cudaMemcpyAsync(void* to, const void* from, size_t bytes, int kind, void* stream) {
  return copy("memcpyAsync", to, from, bytes, kind, stream);
}

FAKE_EXPORT int cudaMemcpy(void* to, const void* from, size_t bytes, int kind) {
  const Status status = copy("SYNC cudaMemcpy", to, from, bytes, kind, nullptr);
  flush_log();
  return status;
}

FAKE_EXPORT int cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch,
                                  size_t width, size_t height, int kind, void* stream) {
  if (const Status bad = refusal()) return bad;
  const bool up = is_device(to), down = is_device(from);
  log("memcpy2DAsync %zu %s->%s kind=%d stream=%p", width * height, down ? "D" : "H",
      up ? "D" : "H", kind, stream);
  if (width == 0 || height == 0) return kSuccess;
  const size_t to_bytes = to_pitch * (height - 1) + width;
  const size_t from_bytes = from_pitch * (height - 1) + width;
  char* target = static_cast<char*>(up ? shadow(to, to_bytes) : to);
  const char* source = static_cast<const char*>(down ? shadow(from, from_bytes) : from);
  if (target == nullptr || source == nullptr) return keep(kInvalidValue);
  if (up && down && width * height > kWithinDeviceMax) return kSuccess;
  for (size_t i = 0; i < height; i++) memcpy(target + i * to_pitch, source + i * from_pitch, width);
  return kSuccess;
}

FAKE_EXPORT int cudaMemsetAsync(void* to, int value, size_t bytes, void* stream) {
  return set("memsetAsync", to, value, bytes, stream);
}

FAKE_EXPORT int cudaMemset(void* to, int value, size_t bytes) {
  return set("SYNC cudaMemset", to, value, bytes, nullptr);
}
