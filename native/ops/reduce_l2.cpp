// reduce_l2: √Σ x² over some axes.
#include "reduce.h"

namespace haio::HAIO_ISA::reduce_l2 {
using namespace reduce;

namespace {
struct Op : SumOp {
  AI F32 map(F32 x, F32) { return x * x; }
  AI F32 finish(F32 total, float, F32) { return sqrt(total); }
};
}  // namespace

HAIO_TABLE(reduce_l2, HAIO_REDUCE_F32("reduce_l2", Op))

}  // namespace haio::HAIO_ISA::reduce_l2
