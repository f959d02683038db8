// atanh: inverse hyperbolic tangent
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::atanh_op {
namespace {

AI F32 f32(F32 x) { return atanh(x); }
AI double f64(double x) { return ::atanh(x); }

HAIO_TABLE(atanh, stage<f32>("atanh.f32") HAIO_SCALAR(, stage<f64>("atanh.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::atanh_op
