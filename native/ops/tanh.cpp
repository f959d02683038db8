// tanh: hyperbolic tangent
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::tanh_op {
namespace {

AI F32 f32(F32 x) { return tanh(x); }
AI double f64(double x) { return ::tanh(x); }

HAIO_TABLE(tanh, stage<f32>("tanh.f32") HAIO_SCALAR(, stage<f64>("tanh.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::tanh_op
