// ceil: the least integer not below x
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::ceil_op {
namespace {

AI F32 f32(F32 x) { return ceil(x); }
AI double f64(double x) { return ::ceil(x); }

HAIO_TABLE(ceil, stage<f32>("ceil.f32") HAIO_SCALAR(, stage<f64>("ceil.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::ceil_op
