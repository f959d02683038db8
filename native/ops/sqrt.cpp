// sqrt: square root
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::sqrt_op {
namespace {

AI F32 f32(F32 x) { return sqrt(x); }
AI double f64(double x) { return ::sqrt(x); }

HAIO_TABLE(sqrt, stage<f32>("sqrt.f32") HAIO_SCALAR(, stage<f64>("sqrt.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::sqrt_op
