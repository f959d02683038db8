// reduce_l1: Σ |x| over some axes.
#include "reduce.h"

namespace haio::HAIO_ISA::reduce_l1 {
using namespace reduce;

namespace {
struct Op : SumOp {
  AI F32 map(F32 x, F32) { return abs(x); }
};
}  // namespace

HAIO_TABLE(reduce_l1, HAIO_REDUCE_F32("reduce_l1", Op))

}  // namespace haio::HAIO_ISA::reduce_l1
