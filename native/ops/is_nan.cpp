// is_nan: 1 where x is NaN, else 0
#include "simd/stage.h"

namespace haio::HAIO_ISA::is_nan_op {
namespace {

template <class T>
AI T f(T x) {
  return truth<T>(x != x);
}

HAIO_TABLE(is_nan, stage<f<F32>>("is_nan.f32") HAIO_SCALAR(, stage<f<double>>("is_nan.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::is_nan_op
