// Few registers of 4 can be assumed.
#include "gemm/ukernel_float.h"
#include "gemm/ukernel_int8.h"

namespace haio::HAIO_ISA::gemm {
HAIO_GEMM_TABLE(HAIO_F32_ROW(2, 1), HAIO_F32_ROW(1, 2), HAIO_BF16_ROW(2, 1), HAIO_INT8_ROWS(2, 1, 0))
}  // namespace haio::HAIO_ISA::gemm
