// asinh: inverse hyperbolic sine
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::asinh_op {
namespace {

AI F32 f32(F32 x) { return asinh(x); }
AI double f64(double x) { return ::asinh(x); }

HAIO_TABLE(asinh, stage<f32>("asinh.f32") HAIO_SCALAR(, stage<f64>("asinh.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::asinh_op
