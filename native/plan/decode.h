// From the words of lib/plan/format.ts to a BoundPlan. The security boundary: words may be hostile.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "dispatch/dispatch.h"
#include "failure.h"
#include "plan/bound_plan.h"

namespace haio {

// What 'weight' operands refer to; must outlive the plan.
struct Weights {
  char* data;
  size_t bytes;
};

// Validates everything: afterwards no step can touch memory outside arena, scratch, weights, inputs
// and outputs, whatever data these hold. `kernels[i]` is "name|signature". Null and failure 'plan'
// whose reason names record and kernel. The words are read while nobody else writes them.
std::unique_ptr<const BoundPlan> decode(const double* words, size_t count,
                                        const std::vector<std::string>& kernels, Weights weights,
                                        const Selection& selection, Failure* failure);

}  // namespace haio
