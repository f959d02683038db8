// cos: cosine of x in radians
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::cos_op {
namespace {

AI F32 f32(F32 x) { return cos(x); }
AI double f64(double x) { return ::cos(x); }

HAIO_TABLE(cos, stage<f32>("cos.f32") HAIO_SCALAR(, stage<f64>("cos.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::cos_op
