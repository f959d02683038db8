// reciprocal: 1 / x
#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::reciprocal_op {
namespace {

template <class T>
AI T f(T x) {
  return T(1) / x;
}

HAIO_TABLE(reciprocal, stage<f<F32>>("reciprocal.f32") HAIO_SCALAR(, stage<f<double>>("reciprocal.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::reciprocal_op
