// silu: x · sigmoid(x)
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::silu_op {
namespace {

AI F32 f32(F32 x) { return x / (1.f + exp(-x)); }
AI double f64(double x) { return x / (1 + ::exp(-x)); }

HAIO_TABLE(silu, stage<f32>("silu.f32") HAIO_SCALAR(, stage<f64>("silu.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::silu_op
