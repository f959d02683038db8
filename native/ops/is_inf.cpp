// is_inf: 1 where x is an infinity of a wanted sign, else 0
#include "simd/stage.h"

namespace haio::HAIO_ISA::is_inf_op {
namespace {

struct Params {
  int32_t negative, positive;
};
template <class T>
AI T f(const Params& p, T x) {
  const T inf = T(__builtin_inff());
  const T low = select(x == -inf, T(p.negative != 0), T(0));
  return select(x == inf, T(p.positive != 0), low);
}

HAIO_TABLE(is_inf, stage<f<F32>>("is_inf.f32", "negative:i32,positive:i32")
                       HAIO_SCALAR(, stage<f<double>>("is_inf.f64", "negative:i32,positive:i32")))

}  // namespace
}  // namespace haio::HAIO_ISA::is_inf_op
