// gelu: x · Φ(x), by erf, by the tanh approximation of Hendrycks and Gimpel (2016), or to within 2e-4
// + 2e-5·|x|, which is enough for bfloat16, by an odd polynomial for Φ − 1/2
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::gelu_op {
namespace {

enum Form : int32_t { kErf, kTanh, kCoarse };
struct Params {
  int32_t form;
};
AI F32 coarse(F32 x) {
  const F32 t = clamp(x, -3.9f, 3.9f);
  const F32 p = horner(t * t, 0.3980858f, -0.06486973f, 0.008913915f, -8.445403e-4f, 5.124038e-5f, -1.77066e-6f,
                       2.627485e-8f);
  return max(F32(-3.9f), x) * fma(t, p, F32(0.5f));  // NaN stays NaN
}
AI F32 f32(const Params& p, F32 x) {
  if (p.form == kCoarse) return coarse(x);
  const F32 half = 0.5f * x;
  if (p.form == kTanh) return fma(half, tanh(x * fma(x * x, 0.0356774081f, 0.797884561f)), half);
  return fma(half, erf(x * kSqrtHalf), half);
}
AI double f64(const Params& p, double x) {
  if (p.form == kTanh) return 0.5 * x * (1 + ::tanh(0.79788456080286536 * (x + 0.044715 * x * x * x)));
  return 0.5 * x * (1 + ::erf(x * 0.70710678118654752));
}

HAIO_TABLE(gelu, stage<f32>("gelu.f32", "form:i32") HAIO_SCALAR(, stage<f64>("gelu.f64", "form:i32")))

}  // namespace
}  // namespace haio::HAIO_ISA::gelu_op
