// reduce_mean: Σ x / n over some axes.
#include "reduce.h"

namespace haio::HAIO_ISA::reduce_mean {
using namespace reduce;

namespace {
struct Op : SumOp {
  AI F32 finish(F32 total, float count, F32) { return total / count; }
};
}  // namespace

HAIO_TABLE(reduce_mean, HAIO_REDUCE_F32("reduce_mean", Op))

}  // namespace haio::HAIO_ISA::reduce_mean
