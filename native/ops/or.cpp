// or: x or y, of 0 and 1
#include "simd/stage.h"

namespace haio::HAIO_ISA::or_op {
namespace {

template <class T>
AI T f(T x, T y) {
  return max(x, y);
}

HAIO_TABLE(or, stage<f<F32>>("or.f32") HAIO_SCALAR(, stage<f<double>>("or.f64"), stage<f<int64_t>>("or.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::or_op
