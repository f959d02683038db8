// acos: arc cosine
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::acos_op {
namespace {

AI F32 f32(F32 x) { return acos(x); }
AI double f64(double x) { return ::acos(x); }

HAIO_TABLE(acos, stage<f32>("acos.f32") HAIO_SCALAR(, stage<f64>("acos.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::acos_op
