#include "exec/runners.h"

#include <algorithm>
#include <deque>
#include <mutex>

#include "cpu/topology.h"
#include "threads/start.h"
#include "threads/wait.h"

namespace haio {
namespace {

// A runner spins before it sleeps, as a caller that waits for a result often has the next task soon: for
// a sixteenth of its last task's time, within these nanoseconds.
constexpr int64_t kSpinLeast = 20000, kSpinMost = 200000, kSpinShare = 16;

class Runners {
 public:
  void add(Task task) {
    bool start = false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      tasks_.push_back(task);
      start = tasks_.size() > idle_ && threads_ < most_;
      if (start) threads_++;
    }
    posted_.fetch_add(1);
    wake(&posted_, 1);
    if (start && !startThread([](void* self) { static_cast<Runners*>(self)->serve(); }, this))
      withoutThread();
  }

 private:
  // One thread less than counted: when there is none, the caller does the work.
  void withoutThread() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (--threads_ > 0 || tasks_.empty()) return;
    const Task task = tasks_.front();
    tasks_.pop_front();
    lock.unlock();
    task.fn(task.context);
  }

  bool take(Task* out) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (tasks_.empty()) return false;
    *out = tasks_.front();
    tasks_.pop_front();
    idle_--;
    return true;
  }

  [[noreturn]] void serve() {
    int64_t patience = kSpinLeast;
    for (;;) {
      Task task;
      {
        std::lock_guard<std::mutex> lock(mutex_);
        idle_++;
      }
      for (;;) {
        const uint32_t seen = posted_.load();
        if (take(&task)) break;
        if (!spin(patience, [&] { return posted_.load(std::memory_order_relaxed) != seen; }))
          sleepWhile(posted_, seen);
      }
      const int64_t start = nanoseconds();
      task.fn(task.context);
      patience = std::clamp((nanoseconds() - start) / kSpinShare, kSpinLeast, kSpinMost);
    }
  }

  std::mutex mutex_;
  std::deque<Task> tasks_;
  size_t idle_ = 0;  // runners that look for a task
  size_t threads_ = 0;
  const size_t most_ = usableCores();
  std::atomic<uint32_t> posted_{0};
};

}  // namespace

void post(Task task) {
  static Runners* const runners = new Runners;  // never destroyed: its threads end with the process
  runners->add(task);
}

}  // namespace haio
