// The exports; nothing but the list. Contracts: lib/native/types.ts.
#include <napi.h>

#include "addon/environment.h"
#include "addon/session.h"
#include "addon/tools.h"

namespace haio {

static Napi::Object start(Napi::Env env, Napi::Object exports) {
  Environment::create(env);
  Environment& environment = Environment::of(env);
  environment.bindingClass = Napi::Persistent(BindingObject::define(env));
  environment.sessionClass = Napi::Persistent(SessionObject::define(env));
  exports.Set("inspect", Napi::Function::New<inspect>(env, "inspect"));
  exports.Set("mapFile", Napi::Function::New<mapFileBytes>(env, "mapFile"));
  exports.Set("modelCreate", Napi::Function::New<modelCreate>(env, "modelCreate"));
  exports.Set("modelOpen", Napi::Function::New<modelOpen>(env, "modelOpen"));
  exports.Set("modelWrite", Napi::Function::New<modelWrite>(env, "modelWrite"));
  exports.Set("modelRead", Napi::Function::New<modelRead>(env, "modelRead"));
  exports.Set("modelBytes", Napi::Function::New<modelBytes>(env, "modelBytes"));
  exports.Set("modelRetain", Napi::Function::New<modelRetain>(env, "modelRetain"));
  exports.Set("modelRelease", Napi::Function::New<modelRelease>(env, "modelRelease"));
  exports.Set("execute", Napi::Function::New<executePlan>(env, "execute"));
  exports.Set("sessionCreate", Napi::Function::New<SessionObject::create>(env, "sessionCreate"));
  return exports;
}

}  // namespace haio

static Napi::Object initialise(Napi::Env env, Napi::Object exports) { return haio::start(env, exports); }
NODE_API_MODULE(haio, initialise)
