// equal: 1 where x = y, else 0
#include "simd/stage.h"

namespace haio::HAIO_ISA::equal_op {
namespace {

template <class T>
AI T f(T x, T y) {
  return truth<T>(x == y);
}

HAIO_TABLE(equal, stage<f<F32>>("equal.f32")
                      HAIO_SCALAR(, stage<f<double>>("equal.f64"), stage<f<int64_t>>("equal.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::equal_op
