// max: the greater of x and y; NaN where either is
#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::max_op {
namespace {

template <class T>
AI T f(T x, T y) {
  return maxNaN(x, y);
}

HAIO_TABLE(max,
           stage<f<F32>>("max.f32") HAIO_SCALAR(, stage<f<double>>("max.f64"), stage<f<int64_t>>("max.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::max_op
