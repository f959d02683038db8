// prelu: x, or slope · x where x < 0
#include "simd/stage.h"

namespace haio::HAIO_ISA::prelu_op {
namespace {

template <class T>
AI T f(T x, T slope) {
  return select(x < T(0), x * slope, x);
}

HAIO_TABLE(prelu, stage<f<F32>>("prelu.f32")
                      HAIO_SCALAR(, stage<f<double>>("prelu.f64"), stage<f<int64_t>>("prelu.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::prelu_op
