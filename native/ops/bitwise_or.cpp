// bitwise_or: x or y, bit by bit
// portable only
#include "simd/stage.h"

namespace haio::HAIO_ISA::bitwise_or_op {
namespace {

AI int64_t i64(int64_t x, int64_t y) { return x | y; }

HAIO_TABLE(bitwise_or, stage<i64>("bitwise_or.i64"))

}  // namespace
}  // namespace haio::HAIO_ISA::bitwise_or_op
