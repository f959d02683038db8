#include "threads/pool.h"

#include <limits.h>

#include <algorithm>
#include <mutex>

#include "threads/flush.h"
#include "threads/start.h"
#include "threads/wait.h"

namespace haio {
namespace {

// Nanoseconds before a thread sleeps: to be woken takes tens of microseconds, many times what lies
// between two loops of a run.
constexpr int64_t kSpin = 20000;
constexpr int64_t kSpinInRun = 1000000;
constexpr size_t kMaxChunks = 256;  // per loop: bounds the traffic on the counter

struct Job {
  const Loop& loop;
  size_t chunk;
  std::atomic<size_t> next{0};      // first item nobody has taken
  std::atomic<uint32_t> active{0};  // workers inside
  size_t slots = 1;                 // given out; guarded by the pool's mutex
  Job* later = nullptr;             // list of open jobs; guarded by the pool's mutex
  const int cpu = sched_getcpu();   // the caller's

  bool open() const { return next.load(std::memory_order_relaxed) < loop.items; }

  void work(size_t slot) {
    for (;;) {
      if (loop.stop && loop.stop->load(std::memory_order_relaxed)) {
        next.store(loop.items, std::memory_order_relaxed);
        return;
      }
      if (!open()) return;
      const size_t begin = next.fetch_add(chunk, std::memory_order_relaxed);
      if (begin >= loop.items) return;
      loop.fn(loop.context, begin, std::min(loop.items, begin + chunk), slot);
    }
  }
};

class Pool {
 public:
  std::atomic<int32_t> runs{0};  // in flight: workers stay awake for their next loop

  void prepare(size_t threads) {
    threads = std::min(threads, kMaxThreads);
    if (workers_.load(std::memory_order_acquire) + 1 >= threads) return;
    std::lock_guard<std::mutex> lock(mutex_);
    for (; workers_.load(std::memory_order_relaxed) + 1 < threads; workers_.fetch_add(1)) {
      if (!startThread([](void* self) { static_cast<Pool*>(self)->serve(); }, this)) return;
    }
  }

  void run(Job& job, size_t helpers) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      job.later = jobs_;
      jobs_ = &job;
    }
    epoch_.fetch_add(1);
    if (sleeping_.load() > 0) wake(&epoch_, static_cast<int>(helpers));
    job.work(0);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      Job** at = &jobs_;
      while (*at != &job) at = &(*at)->later;
      *at = job.later;
    }
    const auto left = [&] { return job.active.load(std::memory_order_acquire) == 0; };
    if (spin(kSpinInRun, left)) return;
    for (uint32_t n; (n = job.active.load(std::memory_order_acquire)) != 0;) sleepWhile(job.active, n);
  }

 private:
  // Joins the open job with the fewest threads; its slot, or null.
  Job* join(size_t* slot) {
    std::lock_guard<std::mutex> lock(mutex_);
    Job* best = nullptr;
    for (Job* job = jobs_; job; job = job->later) {
      if (job->slots < job->loop.threads && job->open() && (!best || job->slots < best->slots)) best = job;
    }
    if (best) {
      *slot = best->slots++;
      best->active.fetch_add(1, std::memory_order_relaxed);
    }
    return best;
  }

  [[noreturn]] void serve() {
    const FlushToZero flush;
    for (;;) {
      const uint32_t seen = epoch_.load();
      size_t slot;
      if (Job* job = join(&slot)) {
        // The scheduler may wake a worker beside its caller and leave it there for many loops.
        if (job->cpu >= 0 && job->cpu == sched_getcpu()) leaveCpu(job->cpu);
        job->work(slot);
        // The job may be gone right after the decrement; only its address is used then.
        std::atomic<uint32_t>* active = &job->active;
        if (active->fetch_sub(1, std::memory_order_release) == 1) wake(active, INT_MAX);
        continue;
      }
      const auto opened = [&] { return epoch_.load(std::memory_order_relaxed) != seen; };
      if (runs.load(std::memory_order_relaxed) > 0) {
        spin(kSpinInRun, [&] { return opened() || runs.load(std::memory_order_relaxed) == 0; });
      }
      if (spin(kSpin, opened)) continue;
      sleeping_.fetch_add(1);
      sleepWhile(epoch_, seen);
      sleeping_.fetch_sub(1);
    }
  }

  std::mutex mutex_;
  Job* jobs_ = nullptr;
  std::atomic<uint32_t> epoch_{0};  // counts opened jobs
  std::atomic<uint32_t> sleeping_{0};
  std::atomic<size_t> workers_{0};
};

// Never destroyed: its threads end with the process.
Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

}  // namespace

void preparePool(size_t threads) { pool().prepare(threads); }

RunInFlight::RunInFlight(bool loops) : loops_(loops) {
  if (loops_) pool().runs.fetch_add(1, std::memory_order_relaxed);
}
RunInFlight::~RunInFlight() {
  if (loops_) pool().runs.fetch_sub(1, std::memory_order_relaxed);
}

void parallelFor(const Loop& loop) {
  if (loop.items == 0) return;
  const size_t grain = std::max<size_t>(1, loop.grain);
  const size_t grains = (loop.items - 1) / grain + 1;
  const size_t perChunk = (grains - 1) / kMaxChunks + 1;
  const size_t chunk = grains == 1 ? loop.items : grain * perChunk;
  const size_t chunks = (loop.items - 1) / chunk + 1;
  const size_t threads = std::min({loop.threads, chunks, kMaxThreads});
  Job job{loop, chunk};
  if (threads <= 1) return job.work(0);
  pool().prepare(threads);
  pool().run(job, threads - 1);
}

}  // namespace haio
