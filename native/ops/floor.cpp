// floor: the greatest integer not above x
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::floor_op {
namespace {

AI F32 f32(F32 x) { return floor(x); }
AI double f64(double x) { return ::floor(x); }

HAIO_TABLE(floor, stage<f32>("floor.f32") HAIO_SCALAR(, stage<f64>("floor.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::floor_op
