// A stand-in for a GPU, its driver, its scorer and its provider: what the parts of it share.
//
// One library under three names. What the session would queue on a GPU is kept in a queue here too,
// and only happens when somebody waits: a result that is read too early, or memory that is reused too
// early, shows as a wrong number. Behaviour is asked for by environment variables, FAKE_GPU_…
#ifndef BPB_TEST_FAKE_H_
#define BPB_TEST_FAKE_H_

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <functional>
#include <string>
#include <vector>

namespace fake {

// An environment variable as a number, or `otherwise`.
inline long number(const char* name, long otherwise) {
  const char* text = getenv(name);
  return text != nullptr && *text != '\0' ? atol(text) : otherwise;
}

inline long devices() { return number("FAKE_GPU_DEVICES", 1); }

// "Fake GPU", or the name in FAKE_GPU_NAME_<index>.
inline std::string device_name(int index) {
  const char* name = getenv(("FAKE_GPU_NAME_" + std::to_string(index)).c_str());
  return name != nullptr ? name : "Fake GPU";
}

// Appends a line to the file FAKE_GPU_LOG.
inline void log(const char* format, ...) {
  const char* path = getenv("FAKE_GPU_LOG");
  FILE* file = path != nullptr ? fopen(path, "a") : nullptr;
  if (file == nullptr) return;
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  fprintf(file, "%s\n", line);  // one write a line: threads do not mix theirs
  fclose(file);
}

struct Stream {
  int device = 0;
  bool lost = false;
  std::vector<std::function<void()>> queue;
  void run() {
    for (const auto& work : queue) work();
    queue.clear();
  }
};

// The runs of models so far on a stream; from run FAKE_GPU_LOST_AT on the device is lost.
inline void count_run(Stream* stream) {
  static long runs = 0;
  const long at = number("FAKE_GPU_LOST_AT", -1);
  if (++runs >= at && at >= 0) stream->lost = true;
}

}  // namespace fake

#endif  // BPB_TEST_FAKE_H_
