// Worker threads of the process. A loop is opened as a job; idle workers join the open jobs, the
// caller always works on its own and can finish it alone, so nothing waits for a turn.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include <atomic>

namespace haio {

// Runs items [begin, end). `slot` is this thread's number in the loop: 0 for the caller, and always
// below the loop's thread limit; no two threads have one slot at a time. Must not open a loop.
using LoopFn = void (*)(void* context, size_t begin, size_t end, size_t slot);

struct Loop {
  size_t items;
  size_t grain;                   // chunks start at multiples of it
  size_t threads;                 // at most so many, the caller included; 1 never touches the pool
  const std::atomic<bool>* stop;  // looked at before every chunk; may be null
  LoopFn fn;
  void* context;
};

constexpr size_t kMaxThreads = 256;

// Chunks depend on items and grain only, never on the number of threads. Returns when all are done
// (or, after `stop`, when nobody works on one any more).
void parallelFor(const Loop& loop);

// Starts workers until `threads` threads, the caller included, can work on a loop.
void preparePool(size_t threads);

// While one lives, workers expect more loops soon and spin longer before they sleep.
class RunInFlight {
 public:
  explicit RunInFlight(bool loops);  // false: opens no loop
  ~RunInFlight();
  RunInFlight(const RunInFlight&) = delete;
  RunInFlight& operator=(const RunInFlight&) = delete;

 private:
  const bool loops_;
};

}  // namespace haio
