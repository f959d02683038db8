// Few registers of 4 can be assumed.
#include "gemm/ukernel_float.h"

namespace haio::HAIO_ISA::gemm {
HAIO_GEMM_TABLE(HAIO_F32_ROW(2, 1), HAIO_F32_ROW(1, 2))
}  // namespace haio::HAIO_ISA::gemm
