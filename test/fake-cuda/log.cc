// The log: lines of FAKE_CUDA_LOG.
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <mutex>
#include <string>

#include "fake.h"

namespace fake {

namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

// Never destroyed: threads of the runtime may still call while the process ends.
struct Log {
  std::mutex mutex;
  std::string buffer;
  int file;
  Log() {
    const char* path = getenv("FAKE_CUDA_LOG");
    file = path != nullptr ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
  }
  void write_out() {
    size_t done = 0;
    while (done < buffer.size()) {
      const ssize_t wrote = write(file, buffer.data() + done, buffer.size() - done);
      if (wrote <= 0) break;
      done += static_cast<size_t>(wrote);
    }
    buffer.clear();
  }
};

Log& the_log() {
  static Log& log = *new Log;
  return log;
}

struct AtExit {
  ~AtExit() { flush_log(); }
} at_exit;

}  // namespace

void log(const char* format, ...) {
  Log& log = the_log();
  if (log.file < 0) return;
  char text[4096];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  char time[32];
  snprintf(time, sizeof(time), "%ld.%06ld ", static_cast<long>(now.tv_sec), now.tv_nsec / 1000);
  std::lock_guard<std::mutex> lock(log.mutex);
  log.buffer += time;
  log.buffer += text;
  log.buffer += '\n';
  if (log.buffer.size() >= kBufferBytes) log.write_out();
}

void flush_log() {
  Log& log = the_log();
  if (log.file < 0) return;
  std::lock_guard<std::mutex> lock(log.mutex);
  log.write_out();
}

}  // namespace fake
