// relu: max(x, 0)
#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::relu_op {
namespace {

template <class T>
AI T f(T x) {
  return max(T(0), x);
}

HAIO_TABLE(relu, stage<f<F32>>("relu.f32")
                     HAIO_SCALAR(, stage<f<double>>("relu.f64"), stage<f<int64_t>>("relu.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::relu_op
