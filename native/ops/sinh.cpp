// sinh: hyperbolic sine
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::sinh_op {
namespace {

AI F32 f32(F32 x) { return sinh(x); }
AI double f64(double x) { return ::sinh(x); }

HAIO_TABLE(sinh, stage<f32>("sinh.f32") HAIO_SCALAR(, stage<f64>("sinh.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::sinh_op
