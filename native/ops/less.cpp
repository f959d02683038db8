// less: 1 where x < y, else 0
#include "simd/stage.h"

namespace haio::HAIO_ISA::less_op {
namespace {

template <class T>
AI T f(T x, T y) {
  return truth<T>(x < y);
}

HAIO_TABLE(less, stage<f<F32>>("less.f32")
                     HAIO_SCALAR(, stage<f<double>>("less.f64"), stage<f<int64_t>>("less.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::less_op
