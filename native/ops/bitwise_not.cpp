// bitwise_not: all bits of x turned
// portable only
#include "simd/stage.h"

namespace haio::HAIO_ISA::bitwise_not_op {
namespace {

AI int64_t i64(int64_t x) { return ~x; }

HAIO_TABLE(bitwise_not, stage<i64>("bitwise_not.i64"))

}  // namespace
}  // namespace haio::HAIO_ISA::bitwise_not_op
