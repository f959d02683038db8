// sin: sine of x in radians
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::sin_op {
namespace {

AI F32 f32(F32 x) { return sin(x); }
AI double f64(double x) { return ::sin(x); }

HAIO_TABLE(sin, stage<f32>("sin.f32") HAIO_SCALAR(, stage<f64>("sin.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::sin_op
