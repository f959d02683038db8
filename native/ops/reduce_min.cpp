// reduce_min: the least x over some axes.
#include "reduce.h"

namespace haio::HAIO_ISA::reduce_min {
using namespace reduce;

namespace {
struct Op : SumOp {
  static constexpr float kStart = kInf;
  AI F32 join(F32 a, F32 b) { return minNaN(a, b); }
  AI double join(double a, double b) { return a < b || a != a ? a : b; }
  AI float across(F32 a) { return any(a != a) ? kNaN : reduceMin(a); }
};
}  // namespace

namespace {
struct Integers {
  template <class T>
  AI T start() {
    return sizeof(T) == 8 ? static_cast<T>(INT64_MAX) : static_cast<T>(INT32_MAX);
  }
  template <class T>
  AI T join(T a, T b) {
    return a < b ? a : b;
  }
};
}  // namespace

HAIO_TABLE(reduce_min, HAIO_REDUCE_F32("reduce_min", Op), HAIO_REDUCE_INTEGERS("reduce_min", Integers))

}  // namespace haio::HAIO_ISA::reduce_min
