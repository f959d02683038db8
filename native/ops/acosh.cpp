// acosh: inverse hyperbolic cosine
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::acosh_op {
namespace {

AI F32 f32(F32 x) { return acosh(x); }
AI double f64(double x) { return ::acosh(x); }

HAIO_TABLE(acosh, stage<f32>("acosh.f32") HAIO_SCALAR(, stage<f64>("acosh.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::acosh_op
