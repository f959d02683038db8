// log: natural logarithm
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::log_op {
namespace {

AI F32 f32(F32 x) { return log(x); }
AI double f64(double x) { return ::log(x); }

HAIO_TABLE(log, stage<f32>("log.f32") HAIO_SCALAR(, stage<f64>("log.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::log_op
