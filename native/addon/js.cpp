#include "addon/js.h"

#include <string.h>

#include "plan/format.h"
#include "plan/operand.h"

namespace haio {
namespace {

// Stands for the memory of an empty view.
alignas(64) char nothing[64];

size_t elementBytes(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return 1;
    case napi_int16_array:
    case napi_uint16_array:
    case napi_float16_array:
      return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return 4;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      return 8;
  }
  return 0;
}

}  // namespace

const char* kindOf(Napi::Value value) {
  static constexpr const char* kNames[] = {"undefined", "null",     "a boolean", "a number",
                                           "a string",  "a symbol", "an object", "a function"};
  const size_t kind = static_cast<size_t>(value.Type());
  return kind < sizeof kNames / sizeof *kNames ? kNames[kind] : "something else";
}

Napi::Error toError(Napi::Env env, const Failure& failure) {
  Napi::Error error = Napi::Error::New(env, std::string(failure.code) + ": " + failure.reason);
  error.Set("code", failure.code);
  error.Set("reason", failure.reason);
  return error;
}
void throwFailure(Napi::Env env, const Failure& failure) {
  toError(env, failure).ThrowAsJavaScriptException();
}

bool readView(Napi::Value value, What what, View* out, Failure* failure) {
  const napi_env env = value.Env();
  napi_value buffer = nullptr;
  void* data = nullptr;
  size_t length = 0, offset = 0;
  size_t bytes = 0;
  if (value.IsTypedArray()) {
    napi_typedarray_type type = static_cast<napi_typedarray_type>(-1);
    if (napi_get_typedarray_info(env, value, &type, &length, &data, &buffer, &offset) != napi_ok ||
        !elementBytes(type)) {
      return failure->set("argument", "%s: expected a typed array of a known type, got another",
                          what.text().c_str());
    }
    bytes = length * elementBytes(type);
  } else if (value.IsDataView()) {
    if (napi_get_dataview_info(env, value, &bytes, &data, &buffer, &offset) != napi_ok) {
      return failure->set("argument", "%s: expected memory, got a detached buffer", what.text().c_str());
    }
  } else {
    return failure->set("argument", "%s: expected a typed array or DataView, got %s", what.text().c_str(),
                        kindOf(value));
  }
  bool detached = false;
  if (napi_is_detached_arraybuffer(env, buffer, &detached) == napi_ok && detached) {
    return failure->set("argument", "%s: expected memory, got a detached buffer", what.text().c_str());
  }
  *out = {static_cast<char*>(data), bytes};
  return true;
}

bool checkView(const View& view, What what, const Port& port, void** out, Failure* failure) {
  if (view.bytes != port.bytes) {
    return failure->set("argument", "%s: expected %zu bytes, got %zu", what.text().c_str(), port.bytes,
                        view.bytes);
  }
  if (reinterpret_cast<uintptr_t>(view.data) % typeBytes(port.type) != 0) {
    return failure->set("argument", "%s: expected memory aligned to %s, got other", what.text().c_str(),
                        typeName(port.type));
  }
  *out = view.bytes ? view.data : nothing;
  return true;
}

bool readViews(Napi::Value value, const char* what, const std::vector<Port>& ports, std::vector<void*>* out,
               Failure* failure) {
  if (!value.IsArray())
    return failure->set("argument", "%ss: expected an array, got %s", what, kindOf(value));
  const Napi::Array list = value.As<Napi::Array>();
  if (list.Length() != ports.size())
    return failure->set("argument", "%ss: expected %zu, got %u", what, ports.size(), list.Length());
  out->resize(ports.size());
  for (size_t i = 0; i < ports.size(); i++) {
    View view;
    const Napi::Value item = list.Get(static_cast<uint32_t>(i));
    if (!readView(item, {what, i}, &view, failure) ||
        !checkView(view, {what, i}, ports[i], &(*out)[i], failure))
      return false;
  }
  return true;
}

bool readTrace(Napi::Value value, std::unique_ptr<Trace>* out, Failure* failure) {
  if (value.IsUndefined()) return true;
  View view;
  if (!readView(value, "trace", &view, failure)) return false;
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float64_array ||
      view.bytes < Trace::kHead * sizeof(double)) {
    return failure->set("argument", "trace: expected a Float64Array of at least one element, got another view");
  }
  *out = std::make_unique<Trace>(reinterpret_cast<double*>(view.data), view.bytes / sizeof(double));
  return true;
}

bool readInteger(Napi::Value value, const char* what, size_t* out, Failure* failure) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= static_cast<double>(format::kMaxInteger)) ||
      number != static_cast<double>(static_cast<size_t>(number))) {
    return failure->set("argument", "%s: expected a non-negative integer, got %s", what, kindOf(value));
  }
  *out = static_cast<size_t>(number);
  return true;
}

bool readText(Napi::Value value, const char* what, std::string* out, Failure* failure) {
  if (!value.IsString())
    return failure->set("argument", "%s: expected a string, got %s", what, kindOf(value));
  *out = value.As<Napi::String>().Utf8Value();
  return true;
}

bool readPlan(Napi::Value words, Napi::Value kernels, PlanArguments* out, Failure* failure) {
  View view;
  if (!readView(words, "words", &view, failure)) return false;
  if (!words.IsTypedArray() || words.As<Napi::TypedArray>().TypedArrayType() != napi_float64_array) {
    return failure->set("argument", "words: expected a Float64Array, got another view");
  }
  if (view.bytes / sizeof(double) > static_cast<size_t>(format::kMaxWords))
    return failure->set("plan", "%zu words are too many", view.bytes / sizeof(double));
  if (!kernels.IsArray())
    return failure->set("argument", "kernels: expected an array, got %s", kindOf(kernels));
  const Napi::Array list = kernels.As<Napi::Array>();
  if (list.Length() > format::kMaxKernels)
    return failure->set("plan", "%u kernels are too many", list.Length());
  for (uint32_t i = 0; i < list.Length(); i++) {
    std::string text;
    if (!readText(list.Get(i), "kernels", &text, failure)) return false;
    out->kernels.push_back(std::move(text));
  }
  // The list's getters may have run JavaScript, so the view is read again.
  if (!readView(words, "words", &view, failure)) return false;
  out->words.resize(view.bytes / sizeof(double));
  if (view.bytes) memcpy(out->words.data(), view.data, view.bytes);
  return true;
}

}  // namespace haio
