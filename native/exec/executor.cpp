#include "exec/executor.h"

#include "threads/flush.h"
#include "threads/pool.h"
#include "threads/wait.h"

namespace haio {
namespace {

void report(Status* status, int32_t code, int64_t value) {
  int32_t none = 0;
  if (__atomic_compare_exchange_n(&status->code, &none, code, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    status->value = value;
}

struct Running {
  const PlanStep& step;
  const Operand* operands;
  Lane& lane;
  size_t index;
  Trace* trace;
};

void runItems(void* context, size_t begin, size_t end, size_t slot) {
  const Running& r = *static_cast<const Running*>(context);
  const PlanStep& s = r.step;
  const StepArgs args = {r.operands + s.firstIn,
                         r.operands + s.firstOut,
                         s.inCount,
                         s.outCount,
                         s.params,
                         r.lane.scratch(slot),
                         s.rows,
                         s.rowCount,
                         s.stages,
                         &r.lane.status,
                         report,
                         begin,
                         end,
                         s.next,
                         s.nextBytes,
                         reinterpret_cast<const bool*>(&r.lane.stop)};
  s.run(args);
}

void runTraced(void* context, size_t begin, size_t end, size_t slot) {
  const Running& r = *static_cast<const Running*>(context);
  const int64_t start = nanoseconds();
  runItems(context, begin, end, slot);
  r.trace->add(r.index, slot, start, nanoseconds());
}

template <class T>
T value(const LaneOperands& operands, int64_t index) {
  return *static_cast<const T*>(operands.list[static_cast<size_t>(index)].data);
}
void* move(void* data, int64_t bytes) { return static_cast<char*>(data) + bytes; }

void count(const Repetition& loop, const LaneOperands::Trips& trips, const LaneOperands& operands) {
  if (loop.counter >= 0)
    *static_cast<int64_t*>(operands.list[static_cast<size_t>(loop.counter)].data) = trips.done;
}

// Whether there is a first trip.
bool enter(const Repetition& loop, LaneOperands::Trips* trips, const LaneOperands& operands) {
  trips->done = 0;
  trips->limit = loop.trips;
  if (loop.limit >= 0) {
    const int64_t limit = value<int64_t>(operands, loop.limit);
    if (limit < trips->limit) trips->limit = limit;
  }
  if (trips->limit <= 0 || (loop.first >= 0 && !value<uint8_t>(operands, loop.first))) return false;
  count(loop, *trips, operands);
  return true;
}

// Whether there is a trip after the one that ended. Slides move in any case.
bool again(const Repetition& loop, LaneOperands::Trips* trips, LaneOperands& operands) {
  const bool more = ++trips->done < trips->limit && (loop.next < 0 || value<uint8_t>(operands, loop.next));
  const bool back = trips->done % 2 == 0;
  for (const Slide& s : loop.slides) {
    void*& data = operands.list[s.operand].data;
    data = move(data, s.alternates && back ? -s.advance : s.advance);
  }
  if (more) count(loop, *trips, operands);
  return more;
}

void leave(const Repetition& loop, const LaneOperands::Trips& trips, LaneOperands& operands) {
  for (const Slide& s : loop.slides) {
    void*& data = operands.list[s.operand].data;
    data = move(data, -s.advance * (s.alternates ? trips.done % 2 : trips.done));
  }
}

}  // namespace

void execute(const BoundPlan& plan, LaneOperands& operands, Lane& lane, size_t threads, Trace* trace) {
  const FlushToZero flush;
  const RunInFlight awake(threads > 1);
  lane.status = {};
  const LoopFn items = trace ? runTraced : runItems;
  if (trace) trace->start(nanoseconds());
  const char* const arena = operands.arena;
  if (!plan.loops.empty()) operands.arena = nullptr;
  for (size_t at = 0; at < plan.program.size();) {
    if (lane.stop.load(std::memory_order_relaxed)) return;
    const Instruction& i = plan.program[at++];
    switch (i.kind) {
      case Instruction::run: {
        const PlanStep& step = plan.steps[i.index];
        Running running = {step, operands.list.data(), lane, i.index, trace};
        parallelFor({step.items, step.grain, threads, &lane.stop, items, &running});
        if (lane.status.code != 0) {
          lane.status.step = step.origin;
          return;
        }
        break;
      }
      case Instruction::jump:
        at = i.target;
        break;
      case Instruction::jumpUnless:
        if (!value<uint8_t>(operands, i.index)) at = i.target;
        break;
      case Instruction::enter:
        if (!enter(plan.loops[i.index], &operands.trips[i.index], operands)) at = i.target;
        break;
      case Instruction::again:
        if (again(plan.loops[i.index], &operands.trips[i.index], operands)) at = i.target;
        break;
      case Instruction::leave:
        leave(plan.loops[i.index], operands.trips[i.index], operands);
        break;
    }
  }
  operands.arena = arena;
}

}  // namespace haio
