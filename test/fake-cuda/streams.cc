// Streams and events. Work is done when it is queued, so every wait is over at once.
#include <time.h>

#include "fake.h"

namespace fake {

namespace {

struct Stream {
  int device;
};

struct Event {
  double seconds = -1;  // by the host's clock, when it was recorded
};

double seconds_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

Status waited() {
  flush_log();
  return refusal();
}

}  // namespace

}  // namespace fake

using namespace fake;

FAKE_EXPORT int cudaStreamCreateWithFlags(void** stream, unsigned flags) {
  if (const Status bad = refusal()) return bad;
  *stream = new Stream{current_device()};
  log("streamCreate %p flags=%u", *stream, flags);
  return kSuccess;
}

FAKE_EXPORT int cudaStreamCreate(void** stream) { return cudaStreamCreateWithFlags(stream, 0); }

FAKE_EXPORT int cudaStreamDestroy(void* stream) {
  log("streamDestroy %p", stream);
  delete static_cast<Stream*>(stream);
  return refusal();
}

FAKE_EXPORT int cudaStreamSynchronize(void* stream) {
  log("SYNC stream %p", stream);
  return waited();
}

FAKE_EXPORT int cudaDeviceSynchronize() {
  log("SYNC device");
  return waited();
}

FAKE_EXPORT int cudaStreamWaitEvent(void* stream, void* event, unsigned) {
  log("streamWaitEvent %p event=%p", stream, event);
  return refusal();
}

// cudaStreamCaptureStatusNone: what is queued runs.
FAKE_EXPORT int cudaStreamIsCapturing(void*, int* status) {
  *status = 0;
  return refusal();
}

FAKE_EXPORT int cudaLaunchHostFunc(void* stream, void (*function)(void*), void* data) {
  if (const Status bad = refusal()) return bad;
  log("hostFunc stream=%p", stream);
  function(data);
  return kSuccess;
}

FAKE_EXPORT int cudaEventCreateWithFlags(void** event, unsigned) {
  if (const Status bad = refusal()) return bad;
  *event = new Event;
  return kSuccess;
}

FAKE_EXPORT int cudaEventCreate(void** event) { return cudaEventCreateWithFlags(event, 0); }

FAKE_EXPORT int cudaEventDestroy(void* event) {
  delete static_cast<Event*>(event);
  return refusal();
}

FAKE_EXPORT int cudaEventRecord(void* event, void* stream) {
  if (const Status bad = refusal()) return bad;
  log("eventRecord %p stream=%p", event, stream);
  static_cast<Event*>(event)->seconds = seconds_now();
  return kSuccess;
}

FAKE_EXPORT int cudaEventSynchronize(void* event) {
  log("SYNC event %p", event);
  return waited();
}

FAKE_EXPORT int cudaEventElapsedTime(float* milliseconds, void* from, void* to) {
  if (const Status bad = refusal()) return bad;
  const double begin = static_cast<Event*>(from)->seconds, end = static_cast<Event*>(to)->seconds;
  if (begin < 0 || end < 0) return keep(kInvalidHandle);  // not recorded
  *milliseconds = static_cast<float>((end - begin) * 1e3);
  return kSuccess;
}
