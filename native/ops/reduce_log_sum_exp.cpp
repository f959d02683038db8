// reduce_log_sum_exp: max + ln Σ exp(x − max) over some axes.
#include "reduce.h"

namespace haio::HAIO_ISA::reduce_log_sum_exp {
using namespace reduce;

namespace {
struct Op : SumOp {
  static constexpr bool kShift = true;
  AI F32 map(F32 x, F32 shift) { return exp(x - shift); }
  AI F32 finish(F32 total, float, F32 shift) { return log(total) + shift; }
};
}  // namespace

HAIO_TABLE(reduce_log_sum_exp, HAIO_REDUCE_F32("reduce_log_sum_exp", Op))

}  // namespace haio::HAIO_ISA::reduce_log_sum_exp
