// 32 registers of 16: a tile, three of B, one of A.
#include "gemm/ukernel_int8.h"

namespace haio::HAIO_ISA::gemm {
HAIO_GEMM_TABLE(HAIO_INT8_ROWS(8, 3, 1), HAIO_INT8_ROWS(14, 2, 1), HAIO_INT8_ROWS(14, 1, 1), HAIO_INT8_ROWS(4, 4, 1))
}  // namespace haio::HAIO_ISA::gemm
