// not: 1 − x, of 0 and 1
#include "simd/stage.h"

namespace haio::HAIO_ISA::not_op {
namespace {

template <class T>
AI T f(T x) {
  return T(1) - x;
}

HAIO_TABLE(not,
           stage<f<F32>>("not.f32") HAIO_SCALAR(, stage<f<double>>("not.f64"), stage<f<int64_t>>("not.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::not_op
