// leaky_relu: x, or alpha · x where x < 0
#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::leaky_relu_op {
namespace {

struct Params {
  float alpha;
};
template <class T>
AI T f(const Params& p, T x) {
  return select(x < T(0), T(p.alpha) * x, x);
}

HAIO_TABLE(leaky_relu, stage<f<F32>>("leaky_relu.f32", "alpha:f32")
                           HAIO_SCALAR(, stage<f<double>>("leaky_relu.f64", "alpha:f32")))

}  // namespace
}  // namespace haio::HAIO_ISA::leaky_relu_op
