// mul: x · y
#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::mul_op {
namespace {

template <class T>
AI T f(T x, T y) {
  return x * y;
}
AI int64_t i64(int64_t x, int64_t y) {
  return static_cast<int64_t>(static_cast<uint64_t>(x) * static_cast<uint64_t>(y));
}

HAIO_TABLE(mul, stage<f<F32>>("mul.f32") HAIO_SCALAR(, stage<f<double>>("mul.f64"), stage<i64>("mul.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::mul_op
