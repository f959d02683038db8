// softplus: log(1 + e^x)
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::softplus_op {
namespace {

AI F32 f32(F32 x) { return softplus(x); }
AI double f64(double x) { return (x > 0 ? x : 0) + ::log1p(::exp(-::fabs(x))); }

HAIO_TABLE(softplus, stage<f32>("softplus.f32") HAIO_SCALAR(, stage<f64>("softplus.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::softplus_op
