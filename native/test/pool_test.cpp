// parallelFor under contention; meant to run under ThreadSanitizer too.
#include "threads/pool.h"

#include <atomic>
#include <thread>
#include <vector>

#include "test/check.h"
#include "threads/flush.h"
#include "threads/wait.h"

namespace haio {
namespace {

struct Count {
  std::vector<std::atomic<int>> hits;
  std::atomic<size_t> largest{0}, slots{0}, inside[kMaxThreads] = {};
  std::atomic<bool> shared{false}, misaligned{false};
  size_t grain;
  explicit Count(size_t items, size_t grain_) : hits(items), grain(grain_) {}
};

void visit(void* context, size_t begin, size_t end, size_t slot) {
  Count& c = *static_cast<Count*>(context);
  if (c.inside[slot].fetch_add(1) != 0) c.shared = true;
  if (begin % c.grain != 0) c.misaligned = true;
  for (size_t i = begin; i < end; i++) c.hits[i]++;
  for (size_t s = c.slots; s <= slot && !c.slots.compare_exchange_weak(s, slot + 1);) {
  }
  c.inside[slot].fetch_sub(1);
}

void everyItemOnce() {
  for (const size_t items : {0, 1, 2, 7, 64, 1000, 100003}) {
    for (const size_t grain : {1, 3, 64}) {
      for (const size_t threads : {1, 2, 4}) {
        Count count(items, grain);
        parallelFor({items, grain, threads, nullptr, visit, &count});
        bool once = true;
        for (const auto& h : count.hits) once = once && h == 1;
        CHECK(once);
        CHECK(!count.shared);
        CHECK(!count.misaligned);
        CHECK(count.slots <= threads);
        if (items <= grain) CHECK(count.slots <= 1);
      }
    }
  }
}

// Loops opened from several threads at a time, as sessions do.
void manyCallers() {
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; c++) {
    callers.emplace_back([&wrong] {
      for (int round = 0; round < 200; round++) {
        Count count(97, 2);
        parallelFor({97, 2, 3, nullptr, visit, &count});
        for (const auto& h : count.hits) wrong += h != 1;
        wrong += count.shared;
      }
    });
  }
  for (std::thread& t : callers) t.join();
  CHECK(wrong == 0);
}

// Plain memory written by workers is visible to the caller afterwards, and the other way round.
void results() {
  std::vector<int> from(5000), to(5000);
  for (int round = 0; round < 50; round++) {
    for (size_t i = 0; i < from.size(); i++) from[i] = round;
    struct Lists {
      std::vector<int>&a, &b;
    } lists = {from, to};
    const auto copy = [](void* context, size_t begin, size_t end, size_t) {
      const Lists& l = *static_cast<Lists*>(context);
      for (size_t i = begin; i < end; i++) l.b[i] = l.a[i] + 1;
    };
    parallelFor({from.size(), 16, 4, nullptr, copy, &lists});
    bool right = true;
    for (const int v : to) right = right && v == round + 1;
    CHECK(right);
  }
}

void stops() {
  struct State {
    std::atomic<bool> stop{false};
    std::atomic<size_t> done{0};
  } state;
  const auto fn = [](void* context, size_t begin, size_t end, size_t) {
    State& s = *static_cast<State*>(context);
    s.done += end - begin;
    if (s.done >= 10) s.stop = true;
    spin(20000, [] { return false; });
  };
  parallelFor({100000, 1, 3, &state.stop, fn, &state});
  CHECK(state.done >= 10);
  CHECK(state.done < 50000);
  state.done = 0;
  parallelFor({100000, 1, 3, &state.stop, fn, &state});
  CHECK(state.done == 0);
}

// Denormals are flushed while the guard lives, here and in the pool's threads.
void flushes() {
  volatile float tiny = 1e-40f;
  const auto fn = [](void* context, size_t, size_t, size_t) {
    spin(200000, [] { return false; });
    if (*static_cast<volatile float*>(context) * 2.f != 0.f) *static_cast<volatile float*>(context) = 1.f;
  };
  CHECK(tiny * 2.f != 0.f);
  {
    const FlushToZero flush;
    CHECK(tiny * 2.f == 0.f);
    parallelFor({8, 1, 4, nullptr, fn, const_cast<float*>(&tiny)});
    CHECK(tiny != 1.f);
  }
  CHECK(tiny * 2.f != 0.f);
}

}  // namespace
}  // namespace haio

int main() {
  haio::everyItemOnce();
  haio::manyCallers();
  haio::results();
  haio::stops();
  haio::flushes();
  return haio::test::verdict();
}
