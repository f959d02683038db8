// rms_norm, and rms_norm_sum with the sum of input and residual as second output: see norm.h.
#include "norm.h"

namespace haio::HAIO_ISA::rms_norm {
using namespace norm;

HAIO_TABLE(rms_norm,
           {"rms_norm.f32", kNormSignature, sizeof(NormParams), 1, 4, 1, runNorm<false>, checkNorm, nullptr},
           {"rms_norm_sum.f32", kNormSignature, sizeof(NormParams), 1, 4, 2, runNorm<false>, checkNorm, nullptr})

}  // namespace haio::HAIO_ISA::rms_norm
