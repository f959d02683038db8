// min: the lesser of x and y; NaN where either is
#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::min_op {
namespace {

template <class T>
AI T f(T x, T y) {
  return minNaN(x, y);
}

HAIO_TABLE(min,
           stage<f<F32>>("min.f32") HAIO_SCALAR(, stage<f<double>>("min.f64"), stage<f<int64_t>>("min.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::min_op
