// 32 registers of 16: a tile, two or three of B, one of A.
#include "gemm/ukernel_float.h"

namespace haio::HAIO_ISA::gemm {
HAIO_GEMM_TABLE(HAIO_F32_ROW(14, 2), HAIO_F32_ROW(8, 3), HAIO_F32_ROW(14, 1), HAIO_F32_ROW(4, 4))
}  // namespace haio::HAIO_ISA::gemm
