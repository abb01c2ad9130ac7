// The JavaScript handle of a session.
//
// Teardown: the environment (a worker, or the process) may end while the
// session's thread computes. Cleanup hooks run last registered first: ours, registered after the
// channel's own, cancels the run and joins the thread, so nothing touches the channel afterwards;
// jobs still in the channel are then passed to OnDone with a null environment, and only freed.
#include "session_object.h"

#include <algorithm>
#include <utility>

#include "arguments.h"
#include "cuda_functions.h"
#include "instance.h"
#include "session_parts.h"
#include "state_object.h"

namespace bpb {

namespace {

Napi::Value score_result(Napi::Env env, const ScoreResult& result) {
  const size_t count = result.nats.size(), spans = result.totals.size();
  Napi::Float32Array nats = Napi::Float32Array::New(env, count);
  std::copy(result.nats.begin(), result.nats.end(), nats.Data());
  Napi::BigInt64Array totals = Napi::BigInt64Array::New(env, spans);
  std::copy(result.totals.begin(), result.totals.end(), totals.Data());
  Napi::Object object = Napi::Object::New(env);
  object.Set("nats", nats);
  object.Set("q30", totals);
  object.Set("infinite", Napi::Number::New(env, static_cast<double>(result.infinite)));
  object.Set("refused", Napi::Number::New(env, static_cast<double>(result.refused)));
  object.Set("runSeconds", Napi::Number::New(env, result.run_seconds));
  object.Set("scoreSeconds", Napi::Number::New(env, result.score_seconds));
  object.Set("deviceToHostBytes",
             Napi::Number::New(env, static_cast<double>(result.device_to_host_bytes)));
  object.Set("vocabulary", Napi::Number::New(env, static_cast<double>(result.vocabulary)));
  object.Set("type", Napi::Number::New(env, result.type));
  return object;
}

Napi::Value failure(Napi::Env env, const Batch& batch) {
  Napi::Error error = Napi::Error::New(env, batch.error.message);
  error.Set("code", batch.error.code);
  // Width of the logits, where the model has run: the limit that a target exceeds.
  if (batch.result.vocabulary > 0) {
    error.Set("vocabulary", Napi::Number::New(env, static_cast<double>(batch.result.vocabulary)));
  }
  return error.Value();
}

}  // namespace

Napi::Function SessionObject::Define(Napi::Env env) {
  return DefineClass(env, "Session",
                     {InstanceMethod<&SessionObject::Score>("score"),
                      InstanceMethod<&SessionObject::Adapt>("adapt"),
                      InstanceMethod<&SessionObject::Close>("close")});
}

SessionObject::SessionObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<SessionObject>(info) {}

SessionObject::~SessionObject() {
  // Collected without close(): nothing is pending, or a reference would have kept it. At the end of
  // the environment the hook has stopped the thread already and Node has freed the channel.
  if (thread_.joinable()) Finish(Env());
}

Napi::Value SessionObject::Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  OpenRequest request = open_request(options_argument(info));
  const Napi::Object handle = instance(env).session_class.New({});
  SessionObject* self = Unwrap(handle);
  self->Start(env, std::move(request));
  return self->Enqueue(env, std::make_unique<Job>(env, Kind::kOpen));
}

Napi::Value SessionObject::Score(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  RequireOpen(env);
  auto job = std::make_unique<Job>(env, Kind::kScore);
  const Napi::Object options = options_argument(info);
  job->batch.request = score_request(options);
  if (request_.graph.state != nullptr) {
    job->batch.carry = boolean_field(options, "carry");
    Lease(options, job->batch);
  }
  return Enqueue(env, std::move(job));
}

Napi::Value SessionObject::Adapt(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  RequireOpen(env);
  if (request_.graph.state == nullptr) throw Napi::Error::New(env, "the session has no state");
  auto job = std::make_unique<Job>(env, Kind::kAdapt);
  const Napi::Object options = options_argument(info);
  job->batch.request = adapt_request(options);
  job->batch.carry = true;
  Lease(options, job->batch);
  return Enqueue(env, std::move(job));
}

void SessionObject::RequireOpen(Napi::Env env) const {
  if (!started_ || closing_) throw Napi::Error::New(env, "the session is closed");
}

void SessionObject::Lease(const Napi::Object& options, Batch& batch) const {
  batch.state = StateObject::Lease(options.Get("state"), batch.request.rows, *request_.graph.state);
}

Napi::Value SessionObject::Close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!closed_.IsEmpty()) return closed_.Value();
  auto job = std::make_unique<Job>(env, Kind::kClose);
  const Napi::Promise promise = job->deferred.Promise();
  closed_ = Napi::Persistent(promise);
  if (!started_ || closing_) {
    job->deferred.Resolve(env.Undefined());
    return promise;
  }
  closing_ = true;
  return Enqueue(env, std::move(job));
}

void SessionObject::Start(Napi::Env env, OpenRequest request) {
  request_ = std::move(request);
  channel_ = Channel::New(env, "bpb session", 0, 1, this);
  channel_.Unref(env);
  // After the channel's own hook, so that this one runs first.
  napi_add_env_cleanup_hook(env, &SessionObject::OnTeardown, this);
  thread_ = std::thread([this] { Work(); });
  started_ = true;
}

Napi::Value SessionObject::Enqueue(Napi::Env env, std::unique_ptr<Job> job) {
  const Napi::Promise promise = job->deferred.Promise();
  if (pending_++ == 0) {
    channel_.Ref(env);
    Ref();
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
  return promise;
}

void SessionObject::Work() {
  std::unique_ptr<Job> in_flight;  // begun and not yet done: a GPU computes it
  for (;;) {
    std::unique_ptr<Job> job = Take(in_flight == nullptr);
    if (job == nullptr && in_flight == nullptr) break;
    const bool scores = job != nullptr && job->kind == Kind::kScore;
    if (in_flight != nullptr || scores) {
      const bool started = runner_->advance(scores ? &job->batch : nullptr);
      if (in_flight != nullptr) Deliver(std::move(in_flight));
      if (scores && started) in_flight = std::move(job);
      if (scores && !started) Deliver(std::move(job));
    }
    if (job == nullptr) continue;
    if (job->kind == Kind::kOpen) OpenSession(*job);
    if (job->kind == Kind::kAdapt) runner_->adapt(job->batch);
    const bool opened = job->kind != Kind::kOpen || job->batch.ok;
    const bool last = job->kind == Kind::kClose || !opened;
    if (last) CloseSession();
    Deliver(std::move(job));
    if (last) return;
  }
  CloseSession();
}

std::unique_ptr<SessionObject::Job> SessionObject::Take(bool wait) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (wait) wake_.wait(lock, [this] { return stop_ || !queue_.empty(); });
  if (stop_ || queue_.empty()) return nullptr;
  std::unique_ptr<Job> job = std::move(queue_.front());
  queue_.pop_front();
  return job;
}

void SessionObject::Deliver(std::unique_ptr<Job> job) {
  if (channel_.NonBlockingCall(job.get()) == napi_ok) job.release();
}

void SessionObject::CloseSession() {
  runner_.reset();
  std::lock_guard<std::mutex> lock(mutex_);
  if (session_ != nullptr) bpb_session_close(session_);
  session_ = nullptr;
}

void SessionObject::OpenSession(Job& job) {
  bpb_session* opened = create_session(request_, &job.batch.error);
  request_.graph.model = {};
  const bool ok = opened != nullptr && attempt(job.batch, [&] { runner_ = MakeRunner(opened); });
  if (opened != nullptr && !ok) {
    bpb_session_close(opened);
    opened = nullptr;
  }
  std::lock_guard<std::mutex> lock(mutex_);
  session_ = opened;
  job.batch.ok = ok;
}

std::unique_ptr<BatchRunner> SessionObject::MakeRunner(bpb_session* session) const {
  const StatePorts* ports = request_.graph.state.get();
  return make_runner(session, ports ? std::make_unique<StateRun>(session, *ports) : nullptr);
}

void SessionObject::Stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
    if (session_ != nullptr) bpb_session_cancel(session_);
  }
  wake_.notify_one();
  thread_.join();
  closing_ = true;
}

void SessionObject::OnTeardown(void* self) { static_cast<SessionObject*>(self)->Stop(); }

void SessionObject::Finish(Napi::Env env) {
  Stop();
  napi_remove_env_cleanup_hook(env, &SessionObject::OnTeardown, this);
  channel_.Release();
}

void SessionObject::Settle(Napi::Env env, Job& job) {
  // Until the promise has it, nothing else may hold a handle that is being opened.
  const Napi::Object handle = Value();
  if (job.batch.state != nullptr) job.batch.state->leased = false;
  if (--pending_ == 0) {
    channel_.Unref(env);
    Unref();
  }
  if (job.kind == Kind::kClose || (job.kind == Kind::kOpen && !job.batch.ok)) {
    closing_ = true;
    Finish(env);  // the thread has returned or is about to
  }
  bool ok = job.kind == Kind::kClose || job.batch.ok;
  Napi::Value outcome = env.Undefined();
  try {
    if (!ok) {
      outcome = failure(env, job.batch);
    } else if (job.kind == Kind::kOpen) {
      DescribeSession(env, handle);
      outcome = handle;
    } else if (job.kind != Kind::kClose) {
      outcome = score_result(env, job.batch.result);
    }
  } catch (const Napi::Error& error) {
    // Whoever waits hears of it, and does not wait for ever.
    ok = false;
    outcome = error.Value();
  }
  if (ok) {
    job.deferred.Resolve(outcome);
  } else {
    job.deferred.Reject(outcome);
  }
}

void SessionObject::DescribeSession(Napi::Env env, Napi::Object handle) {
  const char* const fields[] = {"inputs", "outputs"};
  for (int kind = 0; kind < 2; kind++) {
    size_t count = 0;
    const bpb_value_info* values = bpb_session_values(session_, kind, &count);
    Napi::Array list = Napi::Array::New(env, count);
    for (uint32_t i = 0; i < count; i++) {
      Napi::Array dims = Napi::Array::New(env, values[i].rank);
      for (uint32_t d = 0; d < values[i].rank; d++) {
        dims.Set(d, Napi::Number::New(env, static_cast<double>(values[i].dims[d])));
      }
      Napi::Object value = Napi::Object::New(env);
      value.Set("name", values[i].name);
      value.Set("type", Napi::Number::New(env, values[i].type));
      value.Set("dims", dims);
      list.Set(i, value);
    }
    handle.Set(fields[kind], list);
  }
  handle.Set("runtimeVersion", bpb_session_runtime_version(session_));
  handle.Set("cpuNodes", bpb_session_cpu_nodes(session_));
  if (CudaDevice* device = session_device(session_)) {
    handle.Set("device", cuda_device_value(env, device->about()));
  }
}

void SessionObject::OnDone(Napi::Env env, Napi::Function, SessionObject* self, Job* raw) {
  const std::unique_ptr<Job> job(raw);
  if (env == nullptr) return;  // the environment is ending: there is no promise to settle
  const Napi::HandleScope scope(env);
  try {
    self->Settle(env, *job);
  } catch (const Napi::Error&) {
    // A worker that is being terminated runs no more JavaScript; nobody waits for the promise.
  }
}

}  // namespace bpb
