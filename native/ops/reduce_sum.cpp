// reduce_sum: Σ x over some axes.
#include "reduce.h"

namespace haio::HAIO_ISA::reduce_sum {
using namespace reduce;

namespace {
struct Integers {
  template <class T>
  AI T start() {
    return 0;
  }
  // wraps around
  AI int64_t join(int64_t a, int64_t b) { return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)); }
  AI int32_t join(int32_t a, int32_t b) { return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); }
};
}  // namespace

HAIO_TABLE(reduce_sum, HAIO_REDUCE_F32("reduce_sum", SumOp), HAIO_REDUCE_INTEGERS("reduce_sum", Integers))

}  // namespace haio::HAIO_ISA::reduce_sum
