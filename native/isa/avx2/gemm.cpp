// 16 registers of 8: a tile, a line of B, one of A. With few rows more panels, to hide the latency.
#include "gemm/ukernel_float.h"
#include "gemm/ukernel_int8.h"

namespace haio::HAIO_ISA::gemm {
HAIO_GEMM_TABLE(HAIO_F32_ROW(6, 1), HAIO_F32_ROW(2, 2), HAIO_F32_ROW(1, 4), HAIO_BF16_ROW(5, 1),
                HAIO_INT8_ROWS(6, 1, 0))
}  // namespace haio::HAIO_ISA::gemm
