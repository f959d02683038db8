// tan: tangent of x in radians
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::tan_op {
namespace {

AI F32 f32(F32 x) { return tan(x); }
AI double f64(double x) { return ::tan(x); }

HAIO_TABLE(tan, stage<f32>("tan.f32") HAIO_SCALAR(, stage<f64>("tan.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::tan_op
