// What a fallible native function leaves behind: becomes a JavaScript Error with .code and .reason.
#pragma once
#include <stdarg.h>
#include <stdio.h>

namespace haio {

struct Failure {
  const char* code = "";  // one of NativeFailure['code'] in lib/native/types.ts
  char reason[480] = "";

  // Failures of code 'argument' read "name: expected X, got Y". Always false, so that `return failure.set(…)`
  // ends a function that answers whether it succeeded.
  __attribute__((format(printf, 3, 4))) bool set(const char* kind, const char* format, ...) {
    code = kind;
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return false;
  }
};

}  // namespace haio
