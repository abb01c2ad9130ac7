// Options of a session's runs.
#include "run_settings.h"

using namespace bpb::ort;

namespace bpb {

namespace {

// A run that does not wait leaves the pinned memory behind that its copies used (pointer tables of
// Split and Concat: 0.13 MB a batch of 9 layers), and only a run that waits gives it back: without any,
// it grew to 128 MiB in 1,221 batches. Waiting costs the overlap of a batch with the next one's
// upload, so only one run in so many does.
constexpr unsigned kWaitEvery = 16;

}  // namespace

RunSettings::RunSettings(const Library& library, bool queues)
    : library_(library), queues_(queues), waiting_(library), queued_(library) {
  create(waiting_);
  create(queued_);
  library_.call<AddRunConfigEntry>(queued_.get(), "disable_synchronize_execution_providers", "1");
}

void RunSettings::create(Options& options) const {
  library_.call<CreateRunOptions>(options.out());
  // Failures come back as messages; the runtime need not print them as well.
  library_.call<RunOptionsSetRunLogSeverityLevel>(options.get(), static_cast<int>(kLogFatal));
}

const RunOptions* RunSettings::next() {
  runs_ = (runs_ + 1) % kWaitEvery;
  return queues_ && runs_ != 0 ? queued_.get() : waiting_.get();
}

void RunSettings::terminate() {
  for (Options* options : {&waiting_, &queued_}) {
    library_.call<RunOptionsSetTerminate>(options->get());
  }
}

}  // namespace bpb
