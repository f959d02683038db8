#include "addon/environment.h"

#include "addon/session.h"
#include "threads/wait.h"

namespace haio {

void Environment::create(Napi::Env env) {
  auto* self = new Environment;
  self->env_ = env;
  env.SetInstanceData(self);
  Napi::Array keys = Napi::Array::New(env);
  for (const char* key : {"code", "step", "value", "micros"}) keys.Set(keys.Length(), key);
  self->keys_ = Napi::Persistent(keys.As<Napi::Object>());
  const Napi::String name = Napi::String::New(env, "haio");
  napi_create_threadsafe_function(
      env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr,
      [](napi_env e, napi_value, void*, void* data) {
        PendingRun::settle(e, static_cast<PendingRun*>(data));
      },
      &self->results_);
  napi_unref_threadsafe_function(env, self->results_);
  // Hooks run last in, first out: before the function above is torn down.
  napi_add_env_cleanup_hook(env, close, self);
}

Napi::Object Environment::result(int32_t code, int32_t step, double value, double micros) {
  const Napi::Object keys = keys_.Value();
  Napi::Object out = Napi::Object::New(env_);
  uint32_t i = 0;
  for (const double field : {double(code), double(step), value, micros}) {
    out.Set(keys.Get(i++), Napi::Number::New(env_, field));
  }
  return out;
}

void Environment::begin() {
  outstanding_.fetch_add(1);
  if (pending_++ == 0) napi_ref_threadsafe_function(env_, results_);
}

void Environment::end() {
  if (--pending_ == 0) napi_unref_threadsafe_function(env_, results_);
}

void Environment::deliver(PendingRun* run) {
  napi_call_threadsafe_function(results_, run, napi_tsfn_nonblocking);
  if (outstanding_.fetch_sub(1) == 1) wake(&outstanding_, 1);
}

// The environment ends: no run may use its memory any more.
void Environment::close(void* data) {
  auto* self = static_cast<Environment*>(data);
  for (SessionObject* session : self->sessions) session->close();
  for (uint32_t n; (n = self->outstanding_.load()) != 0;) sleepWhile(self->outstanding_, n);
}

}  // namespace haio
