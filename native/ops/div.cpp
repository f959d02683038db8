// div: x / y; of integers toward zero, 0 where y is 0, the least number by −1 wraps
#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::div_op {
namespace {

template <class T>
AI T f(T x, T y) {
  return x / y;
}
AI int64_t i64(int64_t x, int64_t y) {
  if (y == 0) return 0;
  return y == -1 ? static_cast<int64_t>(-static_cast<uint64_t>(x)) : x / y;
}

HAIO_TABLE(div, stage<f<F32>>("div.f32") HAIO_SCALAR(, stage<f<double>>("div.f64"), stage<i64>("div.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::div_op
