// Products of bytes widened to 16 bits, so that nothing saturates: first those of even k of a group,
// then the odd ones; see gemm/ukernel_int8.h.
#pragma once
#include "gemm/sums.h"

namespace haio::HAIO_ISA::gemm {
namespace {

struct Dot : Sums {
  using Line = __m512i;
  static constexpr int kHalves = 2;
  static constexpr bool flips(bool) { return false; }
  template <int kHalf>
  AI Line wide(__m512i x) {
    return _mm512_srai_epi16(kHalf ? x : _mm512_slli_epi16(x, 8), 8);
  }
  template <int kHalf>
  AI Line line(const char* p) {
    return wide<kHalf>(_mm512_loadu_si512(p));
  }
  template <int kHalf, bool kSigned>
  AI __m512i value(int32_t four) {
    const __m512i x = _mm512_set1_epi32(four);
    if constexpr (kSigned) return wide<kHalf>(x);
    return kHalf ? _mm512_srli_epi16(x, 8) : _mm512_and_si512(x, _mm512_set1_epi16(255));
  }
  AI Acc dot(Acc acc, __m512i a, Line b) { return _mm512_add_epi32(acc.v, _mm512_madd_epi16(a, b)); }
};

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
