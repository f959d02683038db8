// cosh: hyperbolic cosine
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::cosh_op {
namespace {

AI F32 f32(F32 x) { return cosh(x); }
AI double f64(double x) { return ::cosh(x); }

HAIO_TABLE(cosh, stage<f32>("cosh.f32") HAIO_SCALAR(, stage<f64>("cosh.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::cosh_op
