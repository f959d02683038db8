// xor: either x or y, of 0 and 1
#include "simd/stage.h"

namespace haio::HAIO_ISA::xor_op {
namespace {

template <class T>
AI T f(T x, T y) {
  return truth<T>(x != y);
}

HAIO_TABLE(xor,
           stage<f<F32>>("xor.f32") HAIO_SCALAR(, stage<f<double>>("xor.f64"), stage<f<int64_t>>("xor.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::xor_op
