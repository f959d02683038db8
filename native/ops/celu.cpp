// celu: x, or alpha · (e^(x/alpha) − 1) where x < 0
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::celu_op {
namespace {

struct Params {
  float alpha;
};
AI F32 f32(const Params& p, F32 x) { return select(x < 0.f, p.alpha * expm1(min(F32(0.f), x) / p.alpha), x); }
AI double f64(const Params& p, double x) { return x < 0 ? p.alpha * ::expm1(x / p.alpha) : x; }

HAIO_TABLE(celu, stage<f32>("celu.f32", "alpha:f32") HAIO_SCALAR(, stage<f64>("celu.f64", "alpha:f32")))

}  // namespace
}  // namespace haio::HAIO_ISA::celu_op
