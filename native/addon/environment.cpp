#include "addon/environment.h"

#include "addon/session.h"
#include "threads/wait.h"

namespace haio {

void Environment::create(Napi::Env env) {
  auto* self = new Environment;
  self->env_ = env;
  env.SetInstanceData(self);
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
