// gelu: x · Φ(x), by erf or by the tanh approximation of Hendrycks and Gimpel (2016)
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::gelu_op {
namespace {

struct Params {
  int32_t tanh;
};
AI F32 f32(const Params& p, F32 x) {
  const F32 half = 0.5f * x;
  if (p.tanh) return fma(half, tanh(x * fma(x * x, 0.0356774081f, 0.797884561f)), half);
  return fma(half, erf(x * kSqrtHalf), half);
}
AI double f64(const Params& p, double x) {
  if (p.tanh) return 0.5 * x * (1 + ::tanh(0.79788456080286536 * (x + 0.044715 * x * x * x)));
  return 0.5 * x * (1 + ::erf(x * 0.70710678118654752));
}

HAIO_TABLE(gelu, stage<f32>("gelu.f32", "tanh:i32") HAIO_SCALAR(, stage<f64>("gelu.f64", "tanh:i32")))

}  // namespace
}  // namespace haio::HAIO_ISA::gelu_op
