// sign: −1, 0 or 1; NaN stays
#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::sign_op {
namespace {

AI F32 f32(F32 x) { return sign(x); }
AI double f64(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
AI int64_t i64(int64_t x) { return (x > 0) - (x < 0); }

HAIO_TABLE(sign, stage<f32>("sign.f32") HAIO_SCALAR(, stage<f64>("sign.f64"), stage<i64>("sign.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::sign_op
