// reduce_max: the greatest x over some axes.
#include "reduce.h"

namespace haio::HAIO_ISA::reduce_max {
using namespace reduce;

namespace {
struct Integers {
  template <class T>
  AI T start() {
    return sizeof(T) == 8 ? static_cast<T>(INT64_MIN) : static_cast<T>(INT32_MIN);
  }
  template <class T>
  AI T join(T a, T b) {
    return a > b ? a : b;
  }
};
}  // namespace

HAIO_TABLE(reduce_max, HAIO_REDUCE_F32("reduce_max", MaxOp), HAIO_REDUCE_INTEGERS("reduce_max", Integers))

}  // namespace haio::HAIO_ISA::reduce_max
