// Checks for native tests: a failed one prints its line, main returns the verdict.
#pragma once
#include <stdio.h>
#include <string.h>

namespace haio::test {

inline int passed = 0, failed = 0;

inline bool check(bool ok, const char* what, const char* file, int line) {
  (ok ? passed : failed)++;
  if (!ok) printf("%s:%d: %s\n", file, line, what);
  return ok;
}

inline int verdict() {
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}

}  // namespace haio::test

#define CHECK(condition) ::haio::test::check((condition), #condition, __FILE__, __LINE__)
// The failure of something that must fail: its reason contains `part`.
#define CHECK_REASON(failure, part) \
  if (!CHECK(strstr((failure).reason, part) != nullptr)) printf("  reason: %s\n", (failure).reason)
