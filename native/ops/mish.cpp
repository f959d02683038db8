// mish: x · tanh(softplus(x)), as x · (u² + 2u) / (u² + 2u + 2) with u = e^x
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::mish_op {
namespace {

AI F32 f32(F32 x) {
  const F32 u = exp(min(F32(20.f), x)), w = u * (u + 2.f);
  return select(x > 20.f, x, x * (w / (w + 2.f)));
}
AI double f64(double x) { return x * ::tanh(::log1p(::exp(x))); }

HAIO_TABLE(mish, stage<f32>("mish.f32") HAIO_SCALAR(, stage<f64>("mish.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::mish_op
