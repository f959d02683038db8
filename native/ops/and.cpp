// and: x and y, of 0 and 1
#include "simd/stage.h"

namespace haio::HAIO_ISA::and_op {
namespace {

template <class T>
AI T f(T x, T y) {
  return min(x, y);
}

HAIO_TABLE(and,
           stage<f<F32>>("and.f32") HAIO_SCALAR(, stage<f<double>>("and.f64"), stage<f<int64_t>>("and.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::and_op
