// reduce_log_sum: ln Σ x over some axes.
#include "reduce.h"

namespace haio::HAIO_ISA::reduce_log_sum {
using namespace reduce;

namespace {
struct Op : SumOp {
  AI F32 finish(F32 total, float, F32) { return log(total); }
};
}  // namespace

HAIO_TABLE(reduce_log_sum, HAIO_REDUCE_F32("reduce_log_sum", Op))

}  // namespace haio::HAIO_ISA::reduce_log_sum
