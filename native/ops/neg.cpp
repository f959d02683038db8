// neg: −x
#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::neg_op {
namespace {

AI F32 f32(F32 x) { return -x; }
AI double f64(double x) { return -x; }
AI int64_t i64(int64_t x) { return static_cast<int64_t>(-static_cast<uint64_t>(x)); }

HAIO_TABLE(neg, stage<f32>("neg.f32") HAIO_SCALAR(, stage<f64>("neg.f64"), stage<i64>("neg.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::neg_op
