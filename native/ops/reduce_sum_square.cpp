// reduce_sum_square: Σ x² over some axes.
#include "reduce.h"

namespace haio::HAIO_ISA::reduce_sum_square {
using namespace reduce;

namespace {
struct Op : SumOp {
  AI F32 map(F32 x, F32) { return x * x; }
};
}  // namespace

HAIO_TABLE(reduce_sum_square, HAIO_REDUCE_F32("reduce_sum_square", Op))

}  // namespace haio::HAIO_ISA::reduce_sum_square
