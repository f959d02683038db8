// round: to the nearest integer, halves to even
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::round_op {
namespace {

AI F32 f32(F32 x) { return roundEven(x); }
AI double f64(double x) { return rint(x); }

HAIO_TABLE(round, stage<f32>("round.f32") HAIO_SCALAR(, stage<f64>("round.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::round_op
