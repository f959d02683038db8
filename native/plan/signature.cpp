#include "plan/signature.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "plan/format.h"

namespace haio {
namespace {

constexpr struct {
  const char* name;
  size_t bytes;
} kTypes[] = {{"i32", 4}, {"i64", 8}, {"f32", 4}, {"f64", 8}};

size_t align(size_t offset, size_t bytes) { return (offset + bytes - 1) & ~(bytes - 1); }

}  // namespace

int parseSignature(const char* signature, size_t paramsBytes, Field out[kMaxFields]) {
  size_t count = 0, end = 0, widest = 1;
  for (const char* p = signature; *p;) {
    const size_t length = strcspn(p, ",");
    const char* colon = static_cast<const char*>(memchr(p, ':', length));
    if (!colon || count == kMaxFields) return -1;
    const size_t typeLength = static_cast<size_t>(p + length - colon - 1);
    size_t type = 0;
    while (type < 4 &&
           (strlen(kTypes[type].name) != typeLength || memcmp(kTypes[type].name, colon + 1, typeLength) != 0))
      type++;
    if (type == 4) return -1;
    const size_t bytes = kTypes[type].bytes, offset = align(end, bytes);
    out[count++] = {p, static_cast<size_t>(colon - p), static_cast<ParamType>(type), offset};
    end = offset + bytes;
    if (bytes > widest) widest = bytes;
    p += length + (p[length] == ',');
  }
  // A kernel without parameters may state 0, or the size of an empty struct.
  if (count == 0) return paramsBytes <= 1 ? 0 : -1;
  return align(end, widest) == paramsBytes ? static_cast<int>(count) : -1;
}

bool storeParam(const Field& field, double word, void* params) {
  char* at = static_cast<char*>(params) + field.offset;
  const auto store = [at](auto value) {
    memcpy(at, &value, sizeof value);
    return true;
  };
  if (field.type == ParamType::f64) return store(word);
  if (field.type == ParamType::f32) return store(static_cast<float>(word));
  const double most = field.type == ParamType::i32 ? 2147483647. : static_cast<double>(format::kMaxInteger);
  const double least = field.type == ParamType::i32 ? -2147483648. : -most;
  if (!(word >= least && word <= most) || word != trunc(word)) return false;
  return field.type == ParamType::i32 ? store(static_cast<int32_t>(word)) : store(static_cast<int64_t>(word));
}

}  // namespace haio
