// 32 registers of 4: a tile, a line of B, one of A.
#include "gemm/ukernel_int8.h"

namespace haio::HAIO_ISA::gemm {
HAIO_GEMM_TABLE(HAIO_INT8_ROWS(6, 1, 1))
}  // namespace haio::HAIO_ISA::gemm
