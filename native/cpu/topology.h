// Caches and cores, as far as this process may use them.
#pragma once
#include <stddef.h>

namespace haio {

struct Cache {  // data or unified
  int level;
  size_t bytes;
  size_t sharedBy;  // logical cores
};
constexpr size_t kMaxCaches = 8;

// Caches of the first core, level 1 first; the number written to `out`.
size_t caches(Cache out[kMaxCaches]);

size_t onlineCores();
// At least 1: cores in the affinity mask, no more than the cgroup's CPU quota rounded up.
size_t usableCores();

}  // namespace haio
