// exp: e^x
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::exp_op {
namespace {

AI F32 f32(F32 x) { return exp(x); }
AI double f64(double x) { return ::exp(x); }

HAIO_TABLE(exp, stage<f32>("exp.f32") HAIO_SCALAR(, stage<f64>("exp.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::exp_op
