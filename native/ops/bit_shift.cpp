// bit_shift: x shifted by y bits, from the right zeros, from the left copies of the sign where there is one;
// negative counts and those from 64 on shift all out
// portable only
#include "simd/stage.h"

namespace haio::HAIO_ISA::bit_shift_op {
namespace {

struct Params {
  int32_t left, isSigned;
};
AI int64_t i64(const Params& p, int64_t x, int64_t y) {
  const uint64_t u = static_cast<uint64_t>(x), by = static_cast<uint64_t>(y);
  if (p.left) return by > 63 ? 0 : static_cast<int64_t>(u << by);
  if (p.isSigned) return x >> (by > 63 ? 63 : by);
  return by > 63 ? 0 : static_cast<int64_t>(u >> by);
}

HAIO_TABLE(bit_shift, stage<i64>("bit_shift.i64", "left:i32,signed:i32"))

}  // namespace
}  // namespace haio::HAIO_ISA::bit_shift_op
