// The JavaScript handle of a session: one thread of its own, a queue, promises.
#ifndef BPB_SESSION_OBJECT_H_
#define BPB_SESSION_OBJECT_H_

#include <napi.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "batch_runner.h"
#include "open_request.h"

namespace bpb {

class SessionObject : public Napi::ObjectWrap<SessionObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  // open(options) -> Promise<handle>; rejects with the session's error.
  static Napi::Value Open(const Napi::CallbackInfo& info);

  explicit SessionObject(const Napi::CallbackInfo& info);
  ~SessionObject() override;

 private:
  enum class Kind { kOpen, kScore, kAdapt, kClose };

  // Passed to the session's thread and back; the thread never uses `deferred`.
  struct Job {
    Job(Napi::Env env, Kind k) : kind(k), deferred(Napi::Promise::Deferred::New(env)) {}
    Kind kind;
    Napi::Promise::Deferred deferred;
    Batch batch;  // of the other kinds only `ok` and `error` are used
  };

  static void OnDone(Napi::Env env, Napi::Function, SessionObject* self, Job* job);
  using Channel = Napi::TypedThreadSafeFunction<SessionObject, Job, &SessionObject::OnDone>;

  Napi::Value Score(const Napi::CallbackInfo& info);
  Napi::Value Adapt(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  // JavaScript thread.
  void RequireOpen(Napi::Env env) const;
  void Lease(const Napi::Object& options, Batch& batch) const;
  void Start(Napi::Env env, OpenRequest request);
  Napi::Value Enqueue(Napi::Env env, std::unique_ptr<Job> job);
  void Settle(Napi::Env env, Job& job);
  void DescribeSession(Napi::Env env, Napi::Object handle);
  // Ends the thread for good, cancelling what runs; idempotent.
  void Stop();
  static void OnTeardown(void* self);
  // Stop() in an environment that goes on: the channel and the hook are released as well.
  void Finish(Napi::Env env);

  // Session thread.
  void Work();
  // The next job; null when there is none to wait for, or none is to come.
  std::unique_ptr<Job> Take(bool wait);
  void OpenSession(Job& job);
  std::unique_ptr<BatchRunner> MakeRunner(bpb_session* session) const;
  void CloseSession();
  void Deliver(std::unique_ptr<Job> job);

  OpenRequest request_;  // its state is read by both threads as long as there is a session
  std::unique_ptr<BatchRunner> runner_;  // the session thread's
  Channel channel_;
  std::thread thread_;
  size_t pending_ = 0;  // jobs whose promise is not settled; they keep the handle and loop alive
  bool started_ = false;
  bool closing_ = false;  // no more jobs are taken
  Napi::Reference<Napi::Promise> closed_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Job>> queue_;
  bool stop_ = false;
  bpb_session* session_ = nullptr;
};

}  // namespace bpb

#endif  // BPB_SESSION_OBJECT_H_
