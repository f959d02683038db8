#include "addon/session.h"

#include "addon/js.h"
#include "threads/pool.h"

namespace haio {
namespace {

constexpr napi_type_tag kBindingTag = {0x6861696f62696e64, 0x9d1c4ab07f3e2a51};
constexpr size_t kMaxLanes = 256;

void pinAll(Napi::Array pinned, Napi::Value list) {
  const Napi::Array views = list.As<Napi::Array>();
  for (uint32_t i = 0; i < views.Length(); i++) pinned.Set(pinned.Length(), views.Get(i));
}

}  // namespace

Napi::Object toResult(Napi::Env env, const Status& status, double micros) {
  return Environment::of(env).result(status.code, status.step, static_cast<double>(status.value), micros);
}

Napi::Function BindingObject::define(Napi::Env env) {
  return DefineClass(env, "NativeBinding",
                     {InstanceAccessor<&BindingObject::arenaBytes>("arenaBytes"),
                      InstanceAccessor<&BindingObject::bytes>("bytes"),
                      InstanceMethod<&BindingObject::release>("release")});
}

BindingObject::BindingObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  napi_type_tag_object(info.Env(), info.This(), &kBindingTag);
}

std::shared_ptr<Binding> BindingObject::read(Napi::Value value, const Session* session, Failure* failure) {
  bool tagged = false;
  if (value.IsObject()) napi_check_object_type_tag(value.Env(), value, &kBindingTag, &tagged);
  if (!tagged) {
    failure->set("argument", "binding: expected what bind() returned, got %s", kindOf(value));
    return nullptr;
  }
  const std::shared_ptr<Binding>& binding = Unwrap(value.As<Napi::Object>())->binding;
  if (!binding) {
    failure->set("released", "the binding has been released");
  } else if (binding->session.get() != session) {
    failure->set("argument", "binding: expected one of this session, got another's");
  } else {
    return binding;
  }
  return nullptr;
}

Napi::Value BindingObject::arenaBytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), binding ? static_cast<double>(binding->plan->arenaBytes) : 0);
}
Napi::Value BindingObject::bytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), binding ? static_cast<double>(binding->plan->bytes()) : 0);
}
void BindingObject::release(const Napi::CallbackInfo&) { binding = nullptr; }

Napi::Function SessionObject::define(Napi::Env env) {
  return DefineClass(
      env, "NativeSession",
      {InstanceMethod<&SessionObject::bind>("bind"), InstanceMethod<&SessionObject::run>("run"),
       InstanceMethod<&SessionObject::runSync>("runSync"), InstanceMethod<&SessionObject::abort>("abort"),
       InstanceMethod<&SessionObject::release>("release"), InstanceMethod<&SessionObject::memory>("memory"),
       InstanceMethod<&SessionObject::trim>("trim")});
}

SessionObject::SessionObject(const Napi::CallbackInfo& info)
    : ObjectWrap(info), environment_(&Environment::of(info.Env())) {
  environment_->sessions.insert(this);
}
SessionObject::~SessionObject() {
  if (environment_) environment_->sessions.erase(this);
}

Napi::Value SessionObject::create(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Failure failure;
  size_t id, threads, lanes;
  std::string isa;
  std::shared_ptr<Model> model;
  const Selection* selection = nullptr;
  const Napi::Object options = info[1].IsObject() ? info[1].As<Napi::Object>() : Napi::Object::New(env);
  const bool ok = readInteger(info[0], "model", &id, &failure) &&
                  readInteger(options.Get("threads"), "threads", &threads, &failure) &&
                  readInteger(options.Get("lanes"), "lanes", &lanes, &failure) &&
                  readText(options.Get("isa"), "isa", &isa, &failure) &&
                  (lanes <= kMaxLanes ||
                   failure.set("argument", "lanes: expected at most %zu, got %zu", kMaxLanes, lanes)) &&
                  (id == 0 || (model = findModel(static_cast<uint32_t>(id), &failure))) &&
                  (selection = select(isa.c_str(), &failure));
  if (!ok) {
    throwFailure(env, failure);
    return env.Undefined();
  }
  const Napi::Object object = Environment::of(env).sessionClass.New({});
  Unwrap(object)->session_ =
      std::shared_ptr<Session>(new Session(std::move(model), *selection, threads, lanes));
  return object;
}

Napi::Value SessionObject::bind(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Failure failure;
  PlanArguments plan;
  std::shared_ptr<Binding> binding;
  if (released_) {
    failure.set("released", "the session has been released");
  } else if (readPlan(info[0], info[1], &plan, &failure)) {
    binding = session_->bind(plan.words.data(), plan.words.size(), plan.kernels, &failure);
  }
  if (!binding) {
    throwFailure(env, failure);
    return env.Undefined();
  }
  const Napi::Object object = environment_->bindingClass.New({});
  BindingObject::Unwrap(object)->binding = std::move(binding);
  return object;
}

// Reads binding, inputs and outputs of a call.
bool SessionObject::prepare(const Napi::CallbackInfo& info, Run* run, Failure* failure) {
  if (released_) return failure->set("released", "the session has been released");
  run->binding = BindingObject::read(info[0], session_.get(), failure);
  return run->binding && readViews(info[1], "input", run->binding->plan->inputs, &run->inputs, failure) &&
         readViews(info[2], "output", run->binding->plan->outputs, &run->outputs, failure);
}

Napi::Value SessionObject::run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Run checked;
  if (!prepare(info, &checked, &checked.failure) ||
      !readTrace(info[4], &checked.trace, &checked.failure)) {
    throwFailure(env, checked.failure);
    return env.Undefined();
  }
  auto run = std::make_unique<PendingRun>(env, std::move(checked), *environment_, this);
  run->token = info[3].IsNumber() ? info[3].As<Napi::Number>().DoubleValue() : 0;
  Napi::Array pinned = Napi::Array::New(env);
  pinAll(pinned, info[1]);
  pinAll(pinned, info[2]);
  pinned.Set(pinned.Length(), info.This());
  pinned.Set(pinned.Length(), info[4]);
  run->pinned = Napi::Persistent(pinned);
  run->done = [](Run* done) {
    auto* pending = static_cast<PendingRun*>(done);
    pending->environment.deliver(pending);
  };
  const Napi::Promise promise = run->promise.Promise();
  pending_++;
  environment_->begin();
  session_->submit(run.release());
  return promise;
}

void PendingRun::settle(napi_env e, PendingRun* raw) {
  const std::unique_ptr<PendingRun> run(raw);
  if (!e) {
    run->pinned.SuppressDestruct();
    return;
  }
  const Napi::Env env(e);
  const Napi::HandleScope scope(env);
  if (*run->failure.code) {
    run->promise.Reject(toError(env, run->failure).Value());
  } else {
    run->promise.Resolve(toResult(env, run->status, run->micros));
  }
  run->environment.end();
  run->session->settled();
}

Napi::Value SessionObject::runSync(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Run run;
  if (prepare(info, &run, &run.failure) && readTrace(info[4], &run.trace, &run.failure))
    session_->runHere(&run, info[3].ToBoolean());
  if (*run.failure.code) {
    throwFailure(env, run.failure);
    return env.Undefined();
  }
  return toResult(env, run.status, run.micros);
}

void SessionObject::abort(const Napi::CallbackInfo& info) {
  if (session_ && info[0].IsNumber()) session_->abort(info[0].As<Napi::Number>().DoubleValue());
}

void SessionObject::close() {
  environment_ = nullptr;
  released_ = true;
  if (session_) session_->abortAll();
}

void SessionObject::settled() {
  pending_--;
  freeWhenIdle();
}

void SessionObject::freeWhenIdle() {
  if (!released_ || pending_ > 0) return;
  session_ = nullptr;
  for (const Napi::Promise::Deferred& promise : releases_) promise.Resolve(promise.Env().Undefined());
  releases_.clear();
}

Napi::Value SessionObject::release(const Napi::CallbackInfo& info) {
  const Napi::Promise::Deferred promise = Napi::Promise::Deferred::New(info.Env());
  released_ = true;
  releases_.push_back(promise);
  freeWhenIdle();
  return promise.Promise();
}

Napi::Value SessionObject::memory(const Napi::CallbackInfo& info) {
  const Session::Memory m = session_ ? session_->memory() : Session::Memory{};
  Napi::Object out = Napi::Object::New(info.Env());
  out.Set("arena", static_cast<double>(m.arena));
  out.Set("scratch", static_cast<double>(m.scratch));
  out.Set("plans", static_cast<double>(m.plans));
  out.Set("allocations", static_cast<double>(m.allocations));
  return out;
}

void SessionObject::trim(const Napi::CallbackInfo&) {
  if (session_) session_->trim();
}

}  // namespace haio
