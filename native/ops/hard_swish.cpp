// hard_swish: x · clamp(x / 6 + 1/2, 0, 1)
#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::hard_swish_op {
namespace {

template <class T>
AI T f(T x) {
  return x * min(T(1), max(T(0), x * T(1.0 / 6) + T(0.5f)));
}

HAIO_TABLE(hard_swish, stage<f<F32>>("hard_swish.f32") HAIO_SCALAR(, stage<f<double>>("hard_swish.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::hard_swish_op
