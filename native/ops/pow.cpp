// pow: x^y; integer powers of integers wrap, a negative exponent truncates toward zero
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::pow_op {
namespace {

AI F32 f32(F32 x, F32 y) { return pow(x, y); }
AI double f64(double x, double y) { return ::pow(x, y); }
AI int64_t i64(int64_t x, int64_t y) {
  if (y < 0) return x == 1 ? 1 : x == -1 ? (y & 1 ? -1 : 1) : 0;
  uint64_t r = 1, b = static_cast<uint64_t>(x);
  for (uint64_t e = static_cast<uint64_t>(y); e; e >>= 1, b *= b)
    if (e & 1) r *= b;
  return static_cast<int64_t>(r);
}

HAIO_TABLE(pow, stage<f32>("pow.f32") HAIO_SCALAR(, stage<f64>("pow.f64"), stage<i64>("pow.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::pow_op
