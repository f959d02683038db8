// 32 registers of 16: a tile, two or three of B, one of A.
#include "gemm/ukernel_float.h"
#include "gemm/ukernel_int8.h"

namespace haio::HAIO_ISA::gemm {
HAIO_GEMM_TABLE(HAIO_F32_ROW(14, 2), HAIO_F32_ROW(8, 3), HAIO_F32_ROW(14, 1), HAIO_F32_ROW(4, 4),
                HAIO_BF16_ROW(12, 2), HAIO_BF16_ROW(12, 1), HAIO_INT8_ROWS(12, 2, 0), HAIO_INT8_ROWS(12, 1, 0))
}  // namespace haio::HAIO_ISA::gemm
