// asin: arc sine
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::asin_op {
namespace {

AI F32 f32(F32 x) { return asin(x); }
AI double f64(double x) { return ::asin(x); }

HAIO_TABLE(asin, stage<f32>("asin.f32") HAIO_SCALAR(, stage<f64>("asin.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::asin_op
