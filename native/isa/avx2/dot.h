// Products of bytes widened to 16 bits, so that nothing saturates: first those of even k of a group,
// then the odd ones; see gemm/ukernel_int8.h.
#pragma once
#include "gemm/sums.h"

namespace haio::HAIO_ISA::gemm {
namespace {

struct Dot : Sums {
  using Line = __m256i;
  static constexpr int kHalves = 2;
  static constexpr bool flips(bool) { return false; }
  template <int kHalf>
  AI Line wide(__m256i x) {
    return _mm256_srai_epi16(kHalf ? x : _mm256_slli_epi16(x, 8), 8);
  }
  template <int kHalf>
  AI Line line(const char* p) {
    return wide<kHalf>(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  template <int kHalf, bool kSigned>
  AI __m256i value(int32_t four) {
    const __m256i x = _mm256_set1_epi32(four);
    if constexpr (kSigned) return wide<kHalf>(x);
    return kHalf ? _mm256_srli_epi16(x, 8) : _mm256_and_si256(x, _mm256_set1_epi16(255));
  }
  AI Acc dot(Acc acc, __m256i a, Line b) { return _mm256_add_epi32(acc.v, _mm256_madd_epi16(a, b)); }
};

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
