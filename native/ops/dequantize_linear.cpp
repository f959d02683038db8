// dequantize_linear: (x − zero) · scale
#include "simd/stage.h"

namespace haio::HAIO_ISA::dequantize_linear {
namespace {

AI F32 f32(F32 x, F32 zero, F32 scale) { return (x - zero) * scale; }

HAIO_TABLE(dequantize_linear, stage<f32>("dequantize_linear.f32"))

}  // namespace
}  // namespace haio::HAIO_ISA::dequantize_linear
