// softsign: x / (1 + |x|)
#include <math.h>

#include "simd/math.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::softsign_op {
namespace {

AI F32 f32(F32 x) { return x / (1.f + abs(x)); }
AI double f64(double x) { return x / (1 + fabs(x)); }

HAIO_TABLE(softsign, stage<f32>("softsign.f32") HAIO_SCALAR(, stage<f64>("softsign.f64")))

}  // namespace
}  // namespace haio::HAIO_ISA::softsign_op
