// hard_sigmoid: clamp(alpha · x + beta, 0, 1)
#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::hard_sigmoid_op {
namespace {

struct Params {
  float alpha;
  float beta;
};
template <class T>
AI T f(const Params& p, T x) {
  return min(T(1), max(T(0), x * T(p.alpha) + T(p.beta)));
}

HAIO_TABLE(hard_sigmoid, stage<f<F32>>("hard_sigmoid.f32", "alpha:f32,beta:f32")
                             HAIO_SCALAR(, stage<f<double>>("hard_sigmoid.f64", "alpha:f32,beta:f32")))

}  // namespace
}  // namespace haio::HAIO_ISA::hard_sigmoid_op
