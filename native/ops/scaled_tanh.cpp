// scaled_tanh: alpha · tanh(beta · x)
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::scaled_tanh_op {
namespace {

struct Params {
  float alpha;
  float beta;
};
AI F32 f32(const Params& p, F32 x) { return p.alpha * tanh(p.beta * x); }
AI double f64(const Params& p, double x) { return p.alpha * ::tanh(p.beta * x); }

HAIO_TABLE(scaled_tanh, stage<f32>("scaled_tanh.f32", "alpha:f32,beta:f32")
                            HAIO_SCALAR(, stage<f64>("scaled_tanh.f64", "alpha:f32,beta:f32")))

}  // namespace
}  // namespace haio::HAIO_ISA::scaled_tanh_op
