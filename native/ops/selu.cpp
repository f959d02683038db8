// selu: gamma · x, or gamma · alpha · (e^x − 1) where x < 0
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::selu_op {
namespace {

struct Params {
  float alpha;
  float gamma;
};
AI F32 f32(const Params& p, F32 x) { return p.gamma * select(x < 0.f, p.alpha * expm1(min(F32(0.f), x)), x); }
AI double f64(const Params& p, double x) { return p.gamma * (x < 0 ? p.alpha * ::expm1(x) : x); }

HAIO_TABLE(selu, stage<f32>("selu.f32", "alpha:f32,gamma:f32")
                     HAIO_SCALAR(, stage<f64>("selu.f64", "alpha:f32,gamma:f32")))

}  // namespace
}  // namespace haio::HAIO_ISA::selu_op
