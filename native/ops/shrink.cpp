// shrink: x + bias where x < −lambd, x − bias where x > lambd, else 0
#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::shrink_op {
namespace {

struct Params {
  float lambd, bias;
};
template <class T>
AI T f(const Params& p, T x) {
  return select(x < T(-p.lambd), x + T(p.bias), select(x > T(p.lambd), x - T(p.bias), T(0)));
}

HAIO_TABLE(shrink, stage<f<F32>>("shrink.f32", "lambd:f32,bias:f32")
                       HAIO_SCALAR(, stage<f<double>>("shrink.f64", "lambd:f32,bias:f32")))

}  // namespace
}  // namespace haio::HAIO_ISA::shrink_op
