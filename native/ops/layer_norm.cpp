// layer_norm, and layer_norm_sum with the sum of input and residual as second output: see norm.h.
#include "norm.h"

namespace haio::HAIO_ISA::layer_norm {
using namespace norm;

HAIO_TABLE(layer_norm,
           {"layer_norm.f32", kNormSignature, sizeof(NormParams), 1, 4, 1, runNorm<true>, checkNorm, nullptr},
           {"layer_norm_sum.f32", kNormSignature, sizeof(NormParams), 1, 4, 2, runNorm<true>, checkNorm, nullptr})

}  // namespace haio::HAIO_ISA::layer_norm
