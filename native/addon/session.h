// NativeSession and NativeBinding of lib/native/types.ts.
#pragma once
#include <napi.h>

#include <memory>
#include <vector>

#include "addon/environment.h"
#include "exec/session.h"

namespace haio {

class BindingObject : public Napi::ObjectWrap<BindingObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit BindingObject(const Napi::CallbackInfo& info);
  // The binding of a JavaScript value; null and a failure when it is none, or released, or of another
  // session.
  static std::shared_ptr<Binding> read(Napi::Value value, const Session* session, Failure* failure);

  std::shared_ptr<Binding> binding;  // null once released

 private:
  Napi::Value arenaBytes(const Napi::CallbackInfo& info);
  Napi::Value bytes(const Napi::CallbackInfo& info);
  void release(const Napi::CallbackInfo& info);
};

class SessionObject : public Napi::ObjectWrap<SessionObject> {
 public:
  static Napi::Function define(Napi::Env env);
  // sessionCreate(model, options)
  static Napi::Value create(const Napi::CallbackInfo& info);
  explicit SessionObject(const Napi::CallbackInfo& info);
  ~SessionObject() override;

  // Aborts everything: the environment ends, and is not referred to any more.
  void close();
  // A run of this session has been settled.
  void settled();

 private:
  Napi::Value bind(const Napi::CallbackInfo& info);
  Napi::Value run(const Napi::CallbackInfo& info);
  Napi::Value runSync(const Napi::CallbackInfo& info);
  void abort(const Napi::CallbackInfo& info);
  Napi::Value release(const Napi::CallbackInfo& info);
  Napi::Value memory(const Napi::CallbackInfo& info);
  void trim(const Napi::CallbackInfo& info);
  bool prepare(const Napi::CallbackInfo& info, Run* run, Failure* failure);
  void freeWhenIdle();

  Environment* environment_;
  std::shared_ptr<Session> session_;  // null once everything was given back
  bool released_ = false;
  size_t pending_ = 0;                             // runs whose promise is not settled
  std::vector<Napi::Promise::Deferred> releases_;  // promises of release()
};

// A run with the promise it settles; keeps the views and its session object alive.
struct PendingRun : Run {
  PendingRun(Napi::Env env, Run&& checked, Environment& environment_, SessionObject* session_)
      : Run(std::move(checked)),
        environment(environment_),
        session(session_),
        promise(Napi::Promise::Deferred::New(env)) {}
  // On the environment's thread; env is null when it ended before.
  static void settle(napi_env env, PendingRun* run);

  Environment& environment;
  SessionObject* session;
  Napi::Promise::Deferred promise;
  Napi::Reference<Napi::Array> pinned;
};

// The RunResult of a finished run.
Napi::Object toResult(Napi::Env env, const Status& status, double micros);

}  // namespace haio
