// sdot: both signed; see gemm/ukernel_int8.h.
#pragma once
#include "gemm/sums.h"

namespace haio::HAIO_ISA::gemm {
namespace {

struct Dot : Sums {
  using Line = int8x16_t;
  static constexpr int kHalves = 1;
  static constexpr bool flips(bool isSigned) { return !isSigned; }
  template <int>
  AI Line line(const char* p) {
    return vld1q_s8(reinterpret_cast<const int8_t*>(p));
  }
  template <int, bool kSigned>
  AI int8x16_t value(int32_t four) {
    return vreinterpretq_s8_s32(vdupq_n_s32(kSigned ? four : four ^ static_cast<int32_t>(0x80808080)));
  }
  AI Acc dot(Acc acc, int8x16_t a, Line b) { return vdotq_s32(acc.v, a, b); }
};

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
