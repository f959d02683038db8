// clip: min(max(x, lo), hi); NaN stays
#include "simd/convert.h"
#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::clip_op {
namespace {

struct Params {
  float lo, hi;
};
struct Wide {
  double lo, hi;
};
AI F32 f32(const Params& p, F32 x) { return clamp(x, p.lo, p.hi); }
AI double f64(const Wide& p, double x) { return min(p.hi, max(p.lo, x)); }
AI int64_t i64(const Wide& p, int64_t x) {
  return min(convertOne<int64_t>(p.hi), max(convertOne<int64_t>(p.lo), x));
}

HAIO_TABLE(clip,
           stage<f32>("clip.f32", "lo:f32,hi:f32") HAIO_SCALAR(, stage<f64>("clip.f64", "lo:f64,hi:f64"),
                                                               stage<i64>("clip.i64", "lo:f64,hi:f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::clip_op
