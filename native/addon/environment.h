// One JavaScript environment (main thread or worker): how results come back to it, and how it ends.
#pragma once
#include <napi.h>

#include <atomic>
#include <unordered_set>

namespace haio {

class SessionObject;
struct PendingRun;

class Environment {
 public:
  static void create(Napi::Env env);
  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  // A promise was made; the process stays alive until it is settled.
  void begin();
  void end();
  // From any thread, once per begin(): the run is over, and settles soon on this environment's thread.
  void deliver(PendingRun* run);

  // { code, step, value, micros }; the keys are made once.
  Napi::Object result(int32_t code, int32_t step, double value, double micros);

  Napi::FunctionReference sessionClass, bindingClass;
  std::unordered_set<SessionObject*> sessions;

 private:
  static void close(void* self);

  napi_env env_ = nullptr;
  Napi::ObjectReference keys_;  // their array
  napi_threadsafe_function results_ = nullptr;
  size_t pending_ = 0;                    // promises
  std::atomic<uint32_t> outstanding_{0};  // runs whose deliver() has not returned
};

}  // namespace haio
