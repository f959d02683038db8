// Waiting for a word to change: spin a few microseconds, then sleep in the kernel. (futex, because
// std::condition_variable would need a libstdc++ newer than the oldest Linux that haio supports.)
#pragma once
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

namespace haio {

inline void pauseCpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

inline int64_t nanoseconds() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * int64_t{1000000000} + t.tv_nsec;
}

inline void sleepWhile(std::atomic<uint32_t>& word, uint32_t value) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}
// May be called after the word's memory is gone: the kernel only compares addresses.
inline void wake(std::atomic<uint32_t>* word, int count) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(word), FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

// Spins until `done()` or for about `limit` nanoseconds; whether it was done.
template <class Done>
bool spin(int64_t limit, Done done) {
  const int64_t end = nanoseconds() + limit;
  do {
    for (int i = 0; i < 16; i++) {
      if (done()) return true;
      pauseCpu();
    }
  } while (nanoseconds() < end);
  return done();
}

}  // namespace haio
