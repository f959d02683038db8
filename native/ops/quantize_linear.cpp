// quantize_linear: min(max(roundEven(x / scale) + zero, lo), hi); the storer makes it an integer.
#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::quantize_linear {
namespace {

struct Params {
  float lo, hi;
};
AI F32 f32(const Params& p, F32 x, F32 scale, F32 zero) {
  if (any(scale != 1.f)) x = x / scale;  // a division takes longer than all the rest
  return clamp(roundEven(x) + zero, p.lo, p.hi);
}

HAIO_TABLE(quantize_linear, stage<f32>("quantize_linear.f32", "lo:f32,hi:f32"))

}  // namespace
}  // namespace haio::HAIO_ISA::quantize_linear
