// vpdpbusd: unsigned A, signed B; see gemm/ukernel_int8.h.
#pragma once
#include "gemm/sums.h"

namespace haio::HAIO_ISA::gemm {
namespace {

struct Dot : Sums {
  using Line = __m512i;
  static constexpr int kHalves = 1;
  static constexpr bool flips(bool isSigned) { return isSigned; }
  template <int>
  AI Line line(const char* p) {
    return _mm512_loadu_si512(p);
  }
  template <int, bool kSigned>
  AI __m512i value(int32_t four) {
    return _mm512_set1_epi32(kSigned ? four ^ static_cast<int32_t>(0x80808080) : four);
  }
  AI Acc dot(Acc acc, __m512i a, Line b) { return _mm512_dpbusd_epi32(acc.v, a, b); }
};

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
