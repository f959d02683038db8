#include "memory/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

namespace haio {
namespace {
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kMapFrom = size_t{128}
                            << 10;  // smaller blocks come from malloc, so that sanitizers watch their ends
}  // namespace

bool Arena::allocate(size_t bytes) {
  release();
  if (bytes == 0) bytes = 1;
  if (bytes > PTRDIFF_MAX - kHugePage) return false;
  void* memory = nullptr;
  if (bytes < kMapFrom) {
    if (posix_memalign(&memory, kAlign, bytes) != 0) return false;
    memset(memory, 0, bytes);
  } else {
    const bool huge = bytes >= 2 * kHugePage;
    const size_t mapped = bytes + (huge ? kHugePage : 0);
    memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    if (huge) {  // keep the part that starts at a huge page
      const uintptr_t start = reinterpret_cast<uintptr_t>(memory);
      const uintptr_t aligned = (start + kHugePage - 1) & ~(kHugePage - 1);
      const uintptr_t end = (aligned + bytes + kAlign - 1) & ~(kAlign - 1);
      if (aligned > start) munmap(memory, aligned - start);
      if (start + mapped > end) munmap(reinterpret_cast<void*>(end), start + mapped - end);
      memory = reinterpret_cast<void*>(aligned);
      madvise(memory, bytes, MADV_HUGEPAGE);
    }
  }
  data_ = static_cast<char*>(memory);
  bytes_ = bytes;
  return true;
}

void Arena::release() {
  if (bytes_ >= kMapFrom) {
    munmap(data_, bytes_);
  } else {
    free(data_);
  }
  data_ = nullptr;
  bytes_ = 0;
}

}  // namespace haio
