// less_or_equal: 1 where x ≤ y, else 0
#include "simd/stage.h"

namespace haio::HAIO_ISA::less_or_equal_op {
namespace {

template <class T>
AI T f(T x, T y) {
  return truth<T>(x <= y);
}

HAIO_TABLE(less_or_equal,
           stage<f<F32>>("less_or_equal.f32")
               HAIO_SCALAR(, stage<f<double>>("less_or_equal.f64"), stage<f<int64_t>>("less_or_equal.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::less_or_equal_op
