// One block of zeroed memory: arenas, scratch, compiled models.
#pragma once
#include <stddef.h>

namespace haio {

class Arena {
 public:
  static constexpr size_t kAlign = 4096;

  Arena() = default;
  ~Arena() { release(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Replaces the block by one of at least `bytes` (never null, even for 0); false when there is no
  // memory: then the block is empty. Large blocks ask for huge pages.
  bool allocate(size_t bytes);
  void release();
  char* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  char* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace haio
