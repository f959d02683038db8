// bit_shift: x shifted by y bits, zeros from outside; 0 from 64 bits on
// portable only
#include "simd/stage.h"

namespace haio::HAIO_ISA::bit_shift_op {
namespace {

struct Params {
  int32_t left;
};
AI int64_t i64(const Params& p, int64_t x, int64_t y) {
  const uint64_t u = static_cast<uint64_t>(x), by = static_cast<uint64_t>(y);
  if (by > 63) return 0;
  return static_cast<int64_t>(p.left ? u << by : u >> by);
}

HAIO_TABLE(bit_shift, stage<i64>("bit_shift.i64", "left:i32"))

}  // namespace
}  // namespace haio::HAIO_ISA::bit_shift_op
