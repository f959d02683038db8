// abs: |x|
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::abs_op {
namespace {

AI F32 f32(F32 x) { return abs(x); }
AI double f64(double x) { return fabs(x); }
AI int64_t i64(int64_t x) {
  return static_cast<int64_t>(x < 0 ? -static_cast<uint64_t>(x) : static_cast<uint64_t>(x));
}

HAIO_TABLE(abs, stage<f32>("abs.f32") HAIO_SCALAR(, stage<f64>("abs.f64"), stage<i64>("abs.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::abs_op
