// erf: the error function
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::erf_op {
namespace {

AI F32 f32(F32 x) { return erf(x); }
AI double f64(double x) { return ::erf(x); }

HAIO_TABLE(erf, stage<f32>("erf.f32") HAIO_SCALAR(, stage<f64>("erf.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::erf_op
