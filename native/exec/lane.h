// What one run in flight owns: arena, scratch, operands with addresses, status, abort flag.
#pragma once
#include <atomic>
#include <vector>

#include "failure.h"
#include "memory/arena.h"
#include "plan/bound_plan.h"

namespace haio {

// The operands of the plan that a lane ran last, with the lane's addresses, and the trips of its loops.
// Between runs slides are where their first trip has them.
struct LaneOperands {
  struct Trips {
    int64_t done, limit;
  };
  std::vector<Operand> list;
  std::vector<Trips> trips;  // of each loop
  uint64_t plan = 0;            // BoundPlan::serial of what `list` holds; 0 before the first use
  const char* arena = nullptr;  // base that `list` holds
};

// Used by one thread at a time; sizes may be read by any.
class Lane {
 public:
  // Memory for a plan on up to `threads` threads. Keeps what is large enough, but an arena over
  // twice what the last 64 runs needed shrinks. Failure 'memory'.
  bool prepare(const BoundPlan& plan, size_t threads, Failure* failure);
  // Fills in the addresses: those of the arena when it moved or another plan ran before, those of inputs
  // and outputs always.
  void place(const BoundPlan& plan, LaneOperands* operands, void* const* inputs, void* const* outputs);
  // Gives back arena and scratch.
  void trim();

  void* scratch(size_t slot) const { return scratch_.data() + slot * scratchStride_; }
  size_t arenaBytes() const { return arenaBytes_.load(std::memory_order_relaxed); }
  size_t scratchBytes() const { return scratchBytes_.load(std::memory_order_relaxed); }
  // Allocations since the start: a repeated run of a plan adds none.
  size_t allocations() const { return allocations_.load(std::memory_order_relaxed); }

  std::atomic<bool> stop{false};
  Status status = {};

 private:
  bool grow(Arena* arena, size_t bytes, std::atomic<size_t>* size, Failure* failure);
  void shrink(size_t needed);

  Arena arena_, scratch_;
  size_t scratchStride_ = 0;
  size_t runs_ = 0, most_ = 0;  // since arena and need were last compared
  std::atomic<size_t> arenaBytes_{0}, scratchBytes_{0}, allocations_{0};
};

}  // namespace haio
