// elu: x, or alpha · (e^x − 1) where x < 0
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::elu_op {
namespace {

struct Params {
  float alpha;
};
AI F32 f32(const Params& p, F32 x) { return select(x < 0.f, p.alpha * expm1(min(F32(0.f), x)), x); }
AI double f64(const Params& p, double x) { return x < 0 ? p.alpha * ::expm1(x) : x; }

HAIO_TABLE(elu, stage<f32>("elu.f32", "alpha:f32") HAIO_SCALAR(, stage<f64>("elu.f64", "alpha:f32")))

}  // namespace
}  // namespace haio::HAIO_ISA::elu_op
