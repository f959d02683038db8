// Waiting for a word to change: spin a few microseconds, then sleep in the kernel. (futex, because
// std::condition_variable would need a libstdc++ newer than the oldest Linux that haio supports.)
#pragma once
#include <linux/futex.h>
#include <sched.h>
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

// Spins until `done()` or for about `limit` nanoseconds; whether it was done. Gives way now and then:
// what it waits for may be a thread on the same CPU.
template <class Done>
bool spin(int64_t limit, Done done) {
  const int64_t end = nanoseconds() + limit;
  for (uint32_t turn = 1;; turn++) {
    for (int i = 0; i < 16; i++) {
      if (done()) return true;
      pauseCpu();
    }
    if (nanoseconds() >= end) return done();
    if (turn % 16 == 0) sched_yield();
  }
}

// Moves this thread, which runs on `cpu`, to another of the CPUs it may use, if there is one.
inline void leaveCpu(int cpu) {
  cpu_set_t all, others;
  if (sched_getaffinity(0, sizeof all, &all) != 0) return;
  others = all;
  CPU_CLR(static_cast<size_t>(cpu), &others);
  if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others) != 0) return;
  sched_setaffinity(0, sizeof all, &all);
}

}  // namespace haio
