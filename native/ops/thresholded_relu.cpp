// thresholded_relu: x where x > alpha, else 0
#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::thresholded_relu_op {
namespace {

struct Params {
  float alpha;
};
template <class T>
AI T f(const Params& p, T x) {
  return select(x > T(p.alpha), x, T(0));
}

HAIO_TABLE(thresholded_relu, stage<f<F32>>("thresholded_relu.f32", "alpha:f32")
                                 HAIO_SCALAR(, stage<f<double>>("thresholded_relu.f64", "alpha:f32")))

}  // namespace
}  // namespace haio::HAIO_ISA::thresholded_relu_op
