// The JavaScript handle of a session.
//
// Teardown is the delicate part. The environment (a worker, or the process) may end while the
// session's thread computes. Cleanup hooks run last registered first: ours, registered after the
// channel's own, cancels the run and joins the thread, so nothing touches the channel afterwards;
// jobs still in the channel are then handed to OnDone with a null environment, and only freed.
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
  const size_t count = result.nats.size(), segments = result.totals.size();
  Napi::Float32Array nats = Napi::Float32Array::New(env, count);
  std::copy(result.nats.begin(), result.nats.end(), nats.Data());
  Napi::BigInt64Array totals = Napi::BigInt64Array::New(env, segments);
  std::copy(result.totals.begin(), result.totals.end(), totals.Data());
  Napi::Object object = Napi::Object::New(env);
  object.Set("nats", nats);
  object.Set("totals", totals);
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

void SessionObject::OpenRequest::read_cuda(const Napi::Object& options) {
  cuda_library = string_field(options, "library");
  cuda_form = string_field(options, "form");
  has_cuda = true;
  cuda.device = static_cast<int>(integer_field(options, "device", 0, INT32_MAX));
  cuda.tf32 = boolean_field(options, "tf32");
  cuda.allow_cpu_nodes = boolean_field(options, "allowCpuNodes");
  const Napi::Value share = options.Get("memoryShare");
  cuda.memory_share = share.IsNumber() ? share.As<Napi::Number>().DoubleValue() : 0;
  if (!(cuda.memory_share > 0 && cuda.memory_share <= 1)) {
    throw Napi::RangeError::New(options.Env(), "memoryShare must be above 0 and at most 1");
  }
}

Napi::Value SessionObject::Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = options_argument(info);
  OpenRequest request;
  request.library = string_field(options, "library");
  request.provider = string_field(options, "provider");
  request.tokens = string_field(options, "tokens");
  request.logits = string_field(options, "logits");
  if (!options.Get("positions").IsUndefined()) {
    request.positions = string_field(options, "positions");
  }
  request.threads = static_cast<int>(integer_field(options, "threads", 1, 4096));
  request.optimize = boolean_field(options, "optimize");
  const Napi::Value model = options.Get("model");
  if (!model.IsTypedArray() ||
      model.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Napi::TypeError::New(env, "model must be a Uint8Array");
  }
  const auto bytes = model.As<Napi::Uint8Array>();
  // A copy: the thread must not read memory that JavaScript could detach.
  if (bytes.ElementLength() > 0) {
    request.model.assign(bytes.Data(), bytes.Data() + bytes.ElementLength());
  }
  const Napi::Value config = options.Get("config");
  if (!config.IsObject()) throw Napi::TypeError::New(env, "config must be an object of strings");
  const Napi::Object entries = config.As<Napi::Object>();
  const Napi::Array keys = entries.GetPropertyNames();
  for (uint32_t i = 0; i < keys.Length(); i++) {
    const std::string key = keys.Get(i).ToString().Utf8Value();
    request.config.push_back(key);
    request.config.push_back(string_field(entries, key.c_str()));
  }

  const Napi::Value cuda = options.Get("cuda");
  if (cuda.IsObject()) request.read_cuda(cuda.As<Napi::Object>());
  const Napi::Value state = options.Get("state");
  if (state.IsObject()) {
    request.state = std::make_unique<StatePorts>(state_ports(state.As<Napi::Object>()));
  }

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
  if (open_request_.state != nullptr) {
    job->batch.carry = boolean_field(options, "carry");
    Lease(options, job->batch);
  }
  return Enqueue(env, std::move(job));
}

Napi::Value SessionObject::Adapt(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  RequireOpen(env);
  if (open_request_.state == nullptr) throw Napi::Error::New(env, "the session has no state");
  auto job = std::make_unique<Job>(env, Kind::kAdapt);
  const Napi::Object options = options_argument(info);
  job->batch.request = lesson_request(options);
  job->batch.carry = true;
  Lease(options, job->batch);
  return Enqueue(env, std::move(job));
}

void SessionObject::RequireOpen(Napi::Env env) const {
  if (!started_ || closing_) throw Napi::Error::New(env, "the session is closed");
}

void SessionObject::Lease(const Napi::Object& options, Batch& batch) const {
  batch.state =
      StateObject::Lease(options.Get("state"), batch.request.rows, *open_request_.state);
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
  open_request_ = std::move(request);
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
  std::unique_ptr<Job> flying;  // begun and not yet done: a GPU computes it
  for (;;) {
    std::unique_ptr<Job> job = Take(flying == nullptr);
    if (job == nullptr && flying == nullptr) break;
    const bool scores = job != nullptr && job->kind == Kind::kScore;
    if (flying != nullptr || scores) {
      const bool flies = runner_->advance(scores ? &job->batch : nullptr);
      if (flying != nullptr) Deliver(std::move(flying));
      if (scores && flies) flying = std::move(job);
      if (scores && !flies) Deliver(std::move(job));
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
  std::vector<const char*> config;
  for (const std::string& text : open_request_.config) config.push_back(text.c_str());
  open_request_.cuda.library = open_request_.cuda_library.c_str();
  open_request_.cuda.form = open_request_.cuda_form.c_str();
  const std::string& positions = open_request_.positions;
  const bpb_session_options options = {
      open_request_.library.c_str(),
      open_request_.provider.c_str(),
      open_request_.model.data(),
      open_request_.model.size(),
      open_request_.tokens.c_str(),
      open_request_.logits.c_str(),
      positions.empty() ? nullptr : positions.c_str(),
      open_request_.threads,
      open_request_.optimize,
      config.data(),
      config.size() / 2,
      open_request_.has_cuda ? &open_request_.cuda : nullptr};
  bpb_session* opened = bpb_session_open(&options, &job.batch.error);
  open_request_.model = {};
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
  const StatePorts* ports = open_request_.state.get();
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
  if (job.batch.state != nullptr) job.batch.state->leased = false;
  if (--pending_ == 0) {
    channel_.Unref(env);
    Unref();
  }
  if (job.kind == Kind::kClose || (job.kind == Kind::kOpen && !job.batch.ok)) {
    closing_ = true;
    Finish(env);  // the thread has returned or is about to
  }
  if (job.kind == Kind::kClose) {
    job.deferred.Resolve(env.Undefined());
  } else if (!job.batch.ok) {
    Napi::Error error = Napi::Error::New(env, job.batch.error.message);
    error.Set("code", job.batch.error.code);
    job.deferred.Reject(error.Value());
  } else if (job.kind == Kind::kOpen) {
    DescribeSession(env);
    job.deferred.Resolve(Value());
  } else {
    job.deferred.Resolve(score_result(env, job.batch.result));
  }
}

void SessionObject::DescribeSession(Napi::Env env) {
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
    Value().Set(fields[kind], list);
  }
  Value().Set("runtimeVersion", bpb_session_runtime_version(session_));
  Value().Set("cpuNodes", bpb_session_cpu_nodes(session_));
  if (CudaDevice* device = session_device(session_)) {
    Value().Set("device", cuda_device_value(env, device->about()));
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
