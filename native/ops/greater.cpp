// greater: 1 where x > y, else 0
#include "simd/stage.h"

namespace haio::HAIO_ISA::greater_op {
namespace {

template <class T>
AI T f(T x, T y) {
  return truth<T>(x > y);
}

HAIO_TABLE(greater, stage<f<F32>>("greater.f32")
                        HAIO_SCALAR(, stage<f<double>>("greater.f64"), stage<f<int64_t>>("greater.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::greater_op
