#include "exec/lane.h"

#include <algorithm>

#include "plan/format.h"

namespace haio {
namespace {
constexpr size_t kCompareEvery = 64;       // runs
constexpr size_t kKeep = size_t{1} << 20;  // arenas up to here never shrink
constexpr size_t kLinePair = 128;          // no two workers' scratch on one line, nor on its pair
}  // namespace

bool Lane::grow(Arena* arena, size_t bytes, std::atomic<size_t>* size, Failure* failure) {
  if (arena->data() && arena->bytes() >= bytes) return true;
  const bool ok = arena->allocate(bytes);
  size->store(arena->bytes(), std::memory_order_relaxed);
  allocations_.fetch_add(1, std::memory_order_relaxed);
  return ok || failure->set("memory", "cannot allocate %zu bytes for a run", bytes);
}

void Lane::shrink(size_t needed) {
  most_ = std::max(most_, needed);
  if (++runs_ < kCompareEvery) return;
  if (arena_.bytes() > kKeep && arena_.bytes() / 2 > most_) arena_.release();
  runs_ = most_ = 0;
}

bool Lane::prepare(const BoundPlan& plan, size_t threads, Failure* failure) {
  shrink(plan.arenaBytes);
  scratchStride_ = std::max(scratchStride_, (plan.scratchBytes + kLinePair - 1) / kLinePair * kLinePair);
  return grow(&arena_, plan.arenaBytes, &arenaBytes_, failure) &&
         grow(&scratch_, scratchStride_ * threads, &scratchBytes_, failure);
}

void Lane::place(const BoundPlan& plan, LaneOperands* operands, void* const* inputs, void* const* outputs) {
  if (operands->plan != plan.serial || operands->arena != arena_.data()) {
    if (operands->list.capacity() < plan.operands.size()) allocations_.fetch_add(1, std::memory_order_relaxed);
    operands->list = plan.operands;
    operands->trips.resize(plan.loops.size());
    operands->arena = arena_.data();
    operands->plan = plan.serial;
    for (size_t i = 0; i < plan.places.size(); i++) {
      if (plan.places[i].kind == format::arena)
        operands->list[i].data = arena_.data() + plan.places[i].offset;
    }
  }
  for (const uint32_t i : plan.ports) {
    const Place& p = plan.places[i];
    void* const* bases = p.kind == format::input ? inputs : outputs;
    operands->list[i].data = static_cast<char*>(bases[p.index]) + p.offset;
  }
}

void Lane::trim() {
  arena_.release();
  scratch_.release();
  arenaBytes_.store(0, std::memory_order_relaxed);
  scratchBytes_.store(0, std::memory_order_relaxed);
}

}  // namespace haio
