// Params: words of the plan to the struct a kernel reads, by the kernel's signature.
#pragma once
#include <stddef.h>

#include "kernel.h"

namespace haio {

enum class ParamType { i32, i64, f32, f64 };

struct Field {
  const char* name;
  size_t nameLength;
  ParamType type;
  size_t offset;
};
constexpr size_t kMaxFields = 64;

// Fields of "axis:i32,epsilon:f32" in natural C layout; -1 when the signature is malformed or the
// layout is not `paramsBytes` long.
int parseSignature(const char* signature, size_t paramsBytes, Field out[kMaxFields]);

// Stores one word; false when it is not a value of the field's type. Floats may be infinite or NaN.
bool storeParam(const Field& field, double word, void* params);

}  // namespace haio
