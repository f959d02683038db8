// sigmoid: 1 / (1 + e^−x)
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::sigmoid_op {
namespace {

AI F32 f32(F32 x) { return sigmoid(x); }
AI double f64(double x) { return 1 / (1 + ::exp(-x)); }

HAIO_TABLE(sigmoid, stage<f32>("sigmoid.f32") HAIO_SCALAR(, stage<f64>("sigmoid.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::sigmoid_op
