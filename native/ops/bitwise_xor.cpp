// bitwise_xor: x xor y, bit by bit
// portable only
#include "simd/stage.h"

namespace haio::HAIO_ISA::bitwise_xor_op {
namespace {

AI int64_t i64(int64_t x, int64_t y) { return x ^ y; }

HAIO_TABLE(bitwise_xor, stage<i64>("bitwise_xor.i64"))

}  // namespace
}  // namespace haio::HAIO_ISA::bitwise_xor_op
