// Times of one run's chunks, for a reader that asked for them.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include <atomic>

namespace haio {

// words[0]: chunks that ran, those without room included; then for each: index of the step, slot of
// the thread, start and end in nanoseconds since the run's start. Any thread may add.
class Trace {
 public:
  static constexpr size_t kHead = 1, kRecord = 4;

  Trace(double* words, size_t count) : words_(words), room_((count - kHead) / kRecord) {}

  void start(int64_t now) { start_ = now; }
  void add(size_t step, size_t slot, int64_t begin, int64_t end) {
    const size_t at = used_.fetch_add(1, std::memory_order_relaxed);
    if (at >= room_) return;
    double* record = words_ + kHead + at * kRecord;
    record[0] = static_cast<double>(step);
    record[1] = static_cast<double>(slot);
    record[2] = static_cast<double>(begin - start_);
    record[3] = static_cast<double>(end - start_);
  }
  // Nobody adds any more.
  void finish() { words_[0] = static_cast<double>(used_.load(std::memory_order_relaxed)); }

 private:
  double* const words_;
  const size_t room_;
  int64_t start_ = 0;
  std::atomic<size_t> used_{0};
};

}  // namespace haio
