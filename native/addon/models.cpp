// mapFile() and the registry of compiled models.
#include <string.h>

#include "addon/js.h"
#include "addon/tools.h"
#include "memory/mapped_file.h"
#include "plan/model.h"

namespace haio {
namespace {

Napi::Value fail(Napi::Env env, const Failure& failure) {
  throwFailure(env, failure);
  return env.Undefined();
}

// An error that names the file, too.
Napi::Value failFile(Napi::Env env, const Failure& failure, const std::string& path) {
  Napi::Error error = toError(env, failure);
  error.Set("path", path);
  error.ThrowAsJavaScriptException();
  return env.Undefined();
}

bool readPath(Napi::Value value, std::string* out, Failure* failure) {
  return readText(value, "path", out, failure) &&
         (out->find('\0') == std::string::npos ||
          failure->set("argument", "path: expected text, got a NUL in it"));
}

std::shared_ptr<Model> modelOf(Napi::Value id, Failure* failure) {
  size_t number;
  if (!readInteger(id, "model", &number, failure)) return nullptr;
  return findModel(static_cast<uint32_t>(number), failure);
}

bool checkRange(const Model& model, size_t offset, size_t bytes, Failure* failure) {
  return model.holds(offset, bytes) ||
         failure->set("argument", "model: expected a range of %zu bytes, got %zu + %zu", model.bytes(),
                      offset, bytes);
}

}  // namespace

Napi::Value mapFileBytes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Failure failure;
  std::string path;
  MappedFile file;
  if (!readPath(info[0], &path, &failure)) return fail(env, failure);
  if (!mapFile(path.c_str(), &file, &failure)) return failFile(env, failure, path);
  if (!file.data) return Napi::Uint8Array::New(env, 0);
  const auto unmap = [](napi_env, void*, void* hint) {
    auto* mapped = static_cast<MappedFile*>(hint);
    unmapFile(*mapped);
    delete mapped;
  };
  auto* hint = new MappedFile(file);
  napi_value external;
  if (napi_create_external_arraybuffer(env, file.data, file.bytes, unmap, hint, &external) == napi_ok) {
    return Napi::Uint8Array::New(env, file.bytes, Napi::ArrayBuffer(env, external), 0);
  }
  Napi::Uint8Array copy = Napi::Uint8Array::New(env, file.bytes);
  if (!env.IsExceptionPending()) memcpy(copy.Data(), file.data, file.bytes);
  unmap(env, nullptr, hint);
  return copy;
}

Napi::Value modelCreate(const Napi::CallbackInfo& info) {
  Failure failure;
  size_t bytes;
  const uint32_t id = readInteger(info[0], "bytes", &bytes, &failure) ? createModel(bytes, &failure) : 0;
  if (!id) return fail(info.Env(), failure);
  return Napi::Number::New(info.Env(), id);
}

Napi::Value modelOpen(const Napi::CallbackInfo& info) {
  Failure failure;
  std::string path;
  if (!readPath(info[0], &path, &failure)) return fail(info.Env(), failure);
  const uint32_t id = openModel(path.c_str(), &failure);
  if (!id) return failFile(info.Env(), failure, path);
  return Napi::Number::New(info.Env(), id);
}

Napi::Value modelWrite(const Napi::CallbackInfo& info) {
  Failure failure;
  size_t offset;
  View view;
  const auto model = modelOf(info[0], &failure);
  const bool ok = model && readInteger(info[1], "offset", &offset, &failure) &&
                  readView(info[2], "bytes", &view, &failure) &&
                  checkRange(*model, offset, view.bytes, &failure);
  if (!ok) return fail(info.Env(), failure);
  if (view.bytes) memcpy(model->data() + offset, view.data, view.bytes);
  return info.Env().Undefined();
}

Napi::Value modelRead(const Napi::CallbackInfo& info) {
  Failure failure;
  size_t offset, bytes;
  const auto model = modelOf(info[0], &failure);
  const bool ok = model && readInteger(info[1], "offset", &offset, &failure) &&
                  readInteger(info[2], "bytes", &bytes, &failure) &&
                  checkRange(*model, offset, bytes, &failure);
  if (!ok) return fail(info.Env(), failure);
  Napi::Uint8Array out = Napi::Uint8Array::New(info.Env(), bytes);
  if (bytes && !info.Env().IsExceptionPending()) memcpy(out.Data(), model->data() + offset, bytes);
  return out;
}

Napi::Value modelBytes(const Napi::CallbackInfo& info) {
  Failure failure;
  const auto model = modelOf(info[0], &failure);
  if (!model) return fail(info.Env(), failure);
  return Napi::Number::New(info.Env(), static_cast<double>(model->bytes()));
}

Napi::Value modelRetain(const Napi::CallbackInfo& info) {
  Failure failure;
  size_t id;
  const bool ok =
      readInteger(info[0], "model", &id, &failure) && retainModel(static_cast<uint32_t>(id), &failure);
  return ok ? info.Env().Undefined() : fail(info.Env(), failure);
}

Napi::Value modelRelease(const Napi::CallbackInfo& info) {
  Failure failure;
  size_t id;
  const bool ok =
      readInteger(info[0], "model", &id, &failure) && releaseModel(static_cast<uint32_t>(id), &failure);
  return ok ? info.Env().Undefined() : fail(info.Env(), failure);
}

}  // namespace haio
