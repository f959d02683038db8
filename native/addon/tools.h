// The addon's functions that need no session; their contracts stand in lib/native/types.ts.
#pragma once
#include <napi.h>

namespace haio {

Napi::Value inspect(const Napi::CallbackInfo& info);
Napi::Value mapFileBytes(const Napi::CallbackInfo& info);
Napi::Value modelCreate(const Napi::CallbackInfo& info);
Napi::Value modelOpen(const Napi::CallbackInfo& info);
Napi::Value modelWrite(const Napi::CallbackInfo& info);
Napi::Value modelRead(const Napi::CallbackInfo& info);
Napi::Value modelBytes(const Napi::CallbackInfo& info);
Napi::Value modelRetain(const Napi::CallbackInfo& info);
Napi::Value modelRelease(const Napi::CallbackInfo& info);
Napi::Value executePlan(const Napi::CallbackInfo& info);

}  // namespace haio
