// mod: the rest of x / y, with the sign of x where fmod, else with that of y; of integers 0 where y is 0
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::mod_op {
namespace {

struct Params {
  int32_t fmod;
};
AI double one(const Params& p, double x, double y) {
  const double r = ::fmod(x, y);
  if (p.fmod) return r;
  // a zero has the sign of y, too
  if (r == 0) return y < 0 ? -0.0 : 0.0;
  return (r < 0) != (y < 0) ? r + y : r;
}
AI F32 f32(const Params& p, F32 x, F32 y) {
  float xs[F32::N], ys[F32::N];
  store(xs, x);
  store(ys, y);
  for (size_t i = 0; i < F32::N; i++)
    xs[i] = static_cast<float>(one(p, static_cast<double>(xs[i]), static_cast<double>(ys[i])));
  return load(xs);
}
AI double f64(const Params& p, double x, double y) { return one(p, x, y); }
AI int64_t i64(const Params& p, int64_t x, int64_t y) {
  if (y == 0 || y == -1) return 0;
  const int64_t r = x % y;
  return !p.fmod && r != 0 && (r < 0) != (y < 0) ? r + y : r;
}

HAIO_TABLE(mod, stage<f32>("mod.f32", "fmod:i32")
                    HAIO_SCALAR(, stage<f64>("mod.f64", "fmod:i32"), stage<i64>("mod.i64", "fmod:i32")))

}  // namespace
}  // namespace haio::HAIO_ISA::mod_op
