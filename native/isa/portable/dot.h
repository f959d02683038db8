// Four products at a time with the compiler's own vectors; see gemm/ukernel_int8.h.
#pragma once
#include "gemm/sums.h"

namespace haio::HAIO_ISA::gemm {
namespace {

struct Dot : Sums {
  using Line = I32;
  static constexpr int kHalves = 1;
  static constexpr bool flips(bool) { return false; }
  struct Value {
    I32 k[4];
  };
  template <int>
  AI Line line(const char* p) {
    return HAIO_ISA::load(reinterpret_cast<const int32_t*>(p));
  }
  template <int, bool kSigned>
  AI Value value(int32_t four) {
    const I32 x = four;
    if constexpr (kSigned) return {{sar<24>(shl<24>(x)), sar<24>(shl<16>(x)), sar<24>(shl<8>(x)), sar<24>(x)}};
    return {{x & 255, shr<8>(x) & 255, shr<16>(x) & 255, shr<24>(x)}};
  }
  AI Acc dot(Acc acc, const Value& a, Line b) {
    acc = acc + a.k[0] * sar<24>(shl<24>(b));
    acc = acc + a.k[1] * sar<24>(shl<16>(b));
    acc = acc + a.k[2] * sar<24>(shl<8>(b));
    return acc + a.k[3] * sar<24>(b);
  }
};

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
