// What every ISA's Dot (isa/<name>/dot.h) has of sums of 8-bit products: lanes of int32 that wrap.
#pragma once
#include "vec.h"

namespace haio::HAIO_ISA::gemm {
namespace {

struct Sums {
  using Acc = I32;
  static constexpr int N = I32::N;
  AI Acc zero() { return 0; }
  AI Acc load(const int32_t* p) { return HAIO_ISA::load(p); }
  AI void store(int32_t* p, Acc x) { HAIO_ISA::store(p, x); }
  template <int32_t F>
  AI Acc scaled(Acc x) {
    return x * I32(F);
  }
};

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
