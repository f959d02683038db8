// atan: arc tangent
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::atan_op {
namespace {

AI F32 f32(F32 x) { return atan(x); }
AI double f64(double x) { return ::atan(x); }

HAIO_TABLE(atan, stage<f32>("atan.f32") HAIO_SCALAR(, stage<f64>("atan.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::atan_op
