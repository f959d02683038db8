// greater_or_equal: 1 where x ≥ y, else 0
#include "simd/stage.h"

namespace haio::HAIO_ISA::greater_or_equal_op {
namespace {

template <class T>
AI T f(T x, T y) {
  return truth<T>(x >= y);
}

HAIO_TABLE(greater_or_equal,
           stage<f<F32>>("greater_or_equal.f32") HAIO_SCALAR(, stage<f<double>>("greater_or_equal.f64"),
                                                             stage<f<int64_t>>("greater_or_equal.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::greater_or_equal_op
