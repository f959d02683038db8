// The run path: a loop over the steps of a bound plan. No choice, no allocation, no error but Status.
#pragma once
#include "exec/lane.h"
#include "exec/trace.h"

namespace haio {

// Runs the plan on at most `threads` threads (1: the pool is not touched), with the memory that
// lane.prepare made and the operands that lane.place filled. Ends early when lane.stop is set, or
// when a step has reported; then lane.status holds the first report, `step` being its origin.
// Clears the status first, not the stop flag. Where it ends within a loop, the operands must be placed anew.
// `trace` is null where nobody asked for times.
void execute(const BoundPlan& plan, LaneOperands& operands, Lane& lane, size_t threads, Trace* trace = nullptr);

}  // namespace haio
