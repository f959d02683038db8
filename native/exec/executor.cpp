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
                         s.nextBytes};
  s.run(args);
}

void runTraced(void* context, size_t begin, size_t end, size_t slot) {
  const Running& r = *static_cast<const Running*>(context);
  const int64_t start = nanoseconds();
  runItems(context, begin, end, slot);
  r.trace->add(r.index, slot, start, nanoseconds());
}

}  // namespace

void execute(const BoundPlan& plan, const LaneOperands& operands, Lane& lane, size_t threads, Trace* trace) {
  const FlushToZero flush;
  const RunInFlight awake(threads > 1);
  lane.status = {};
  const LoopFn items = trace ? runTraced : runItems;
  if (trace) trace->start(nanoseconds());
  const Operand* list = operands.list.data();
  for (size_t at = 0; at < plan.program.size();) {
    if (lane.stop.load(std::memory_order_relaxed)) return;
    const Instruction& i = plan.program[at++];
    if (i.kind == Instruction::run) {
      const PlanStep& step = plan.steps[i.index];
      Running running = {step, list, lane, i.index, trace};
      parallelFor({step.items, step.grain, threads, &lane.stop, items, &running});
      if (lane.status.code != 0) {
        lane.status.step = step.origin;
        return;
      }
    } else if (i.kind == Instruction::jump || !*static_cast<const uint8_t*>(list[i.index].data)) {
      at = i.target;
    }
  }
}

}  // namespace haio
