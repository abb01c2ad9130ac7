// Options of a session's runs: whether to wait for the device, and cancellation.
#ifndef BPB_RUN_SETTINGS_H_
#define BPB_RUN_SETTINGS_H_

#include "ort_library.h"

namespace bpb {

class RunSettings {
 public:
  // `queues`: runs on a device return when their work is queued; the caller waits for the stream.
  // Throws ort::Failure.
  RunSettings(const ort::Library& library, bool queues);

  // For the next run; one thread calls it.
  const ort::RunOptions* next();
  // Makes a running and every later run fail soon; any thread. Throws ort::Failure.
  void terminate();

 private:
  using Options = ort::Owned<ort::RunOptions, ort::ReleaseRunOptions>;
  void create(Options& options) const;

  const ort::Library& library_;
  const bool queues_;
  Options waiting_, queued_;
  unsigned runs_ = 0;
};

}  // namespace bpb

#endif  // BPB_RUN_SETTINGS_H_
