// Products of bytes widened to 16 bits, first those of even k of a group, then the odd ones; see
// gemm/ukernel_int8.h.
#pragma once
#include "gemm/sums.h"

namespace haio::HAIO_ISA::gemm {
namespace {

struct Dot : Sums {
  using Line = int16x8_t;
  static constexpr int kHalves = 2;
  static constexpr bool flips(bool) { return false; }
  template <int kHalf>
  AI Line wide(int16x8_t x) {
    return vshrq_n_s16(kHalf ? x : vshlq_n_s16(x, 8), 8);
  }
  template <int kHalf>
  AI Line line(const char* p) {
    return wide<kHalf>(vreinterpretq_s16_s8(vld1q_s8(reinterpret_cast<const int8_t*>(p))));
  }
  template <int kHalf, bool kSigned>
  AI int16x8_t value(int32_t four) {
    const int16x8_t x = vreinterpretq_s16_s32(vdupq_n_s32(four));
    if constexpr (kSigned) return wide<kHalf>(x);
    const uint16x8_t u = vreinterpretq_u16_s16(x);
    return vreinterpretq_s16_u16(kHalf ? vshrq_n_u16(u, 8) : vandq_u16(u, vdupq_n_u16(255)));
  }
  AI Acc dot(Acc acc, int16x8_t a, Line b) {
    const int32x4_t low = vmull_s16(vget_low_s16(a), vget_low_s16(b));
    const int32x4_t high = vmull_high_s16(a, b);
    return vaddq_s32(acc.v, vpaddq_s32(low, high));
  }
};

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
