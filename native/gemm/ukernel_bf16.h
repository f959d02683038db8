// bf16 micro-kernels where no instruction multiplies bf16: both sides are widened to floats. A pair
// of bf16 is a dword; its low half shifted up and its high half alone are floats.
#pragma once
#include "gemm/micro.h"
#include "gemm/panels.h"
#include "gemm/ukernel_float.h"
#include "kernel.h"
#include "vec.h"

namespace haio::HAIO_ISA::gemm {
namespace {

template <int R, int NP>
struct WideTile {
  static constexpr int kVectors = kPanel / F32::N, V = NP * kVectors;

  template <bool kHigh>
  AI F32 half(I32 x) {
    return fromBits(kHigh ? x & static_cast<int32_t>(0xffff0000) : shl<16>(x));
  }
  // One half of a group: acc += column of A × line of B.
  template <bool kHigh>
  AI void step(F32 (&acc)[R][V], const char* a, ptrdiff_t rowStride, const char* b, ptrdiff_t panelStride) {
    F32 line[V];
#pragma GCC unroll 16
    for (int v = 0; v < V; v++)
      line[v] = half<kHigh>(load(reinterpret_cast<const int32_t*>(b + v / kVectors * panelStride) +
                                 v % kVectors * I32::N));
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
      int32_t pair;
      memcpy(&pair, a + r * rowStride, 4);
      const F32 x = half<kHigh>(set1(pair));
#pragma GCC unroll 16
      for (int v = 0; v < V; v++) acc[r][v] = fma(x, line[v], acc[r][v]);
    }
  }

  static void run(const MicroArgs& m) {
    F32 acc[R][V];
    float* c = static_cast<float*>(m.c);
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 16
      for (int v = 0; v < V; v++) acc[r][v] = m.addend ? load(c + r * m.cStride + v * F32::N) : set1(0.f);
    const ptrdiff_t rowStride = m.rowStride * 2, panelStride = m.panelStride * 2;
    const char* b = static_cast<const char*>(m.b);
    for (size_t t = 0; t < m.tapCount; t++) {
      const char* a = static_cast<const char*>(m.a) + m.taps[t] * 2;
      for (size_t k = m.kPerTap / 2; k; k--, a += 4, b += 64) {
        step<false>(acc, a, rowStride, b, panelStride);
        step<true>(acc, a, rowStride, b, panelStride);
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 16
      for (int v = 0; v < V; v++) store(c + r * m.cStride + v * F32::N, acc[r][v]);
  }
};

// Tiles<…> of ukernel_float.h for any tile: kernels of 1…MR rows.
template <template <int> class T, int MR>
struct ByRows {
  template <int... R>
  struct List {
    static constexpr MicroFn fns[] = {T<R>::run...};
  };
  template <int N, int... R>
  struct Count : Count<N - 1, N, R...> {};
  template <int... R>
  struct Count<0, R...> : List<R...> {};
  static void run(const MicroArgs& m) { Count<MR>::fns[m.rows - 1](m); }
};

template <int NP>
struct WideTiles {
  template <int R>
  using At = WideTile<R, NP>;
};

}  // namespace
}  // namespace haio::HAIO_ISA::gemm

// HAIO_BF16_ROW(12, 2) is bf16_12x32.
#define HAIO_BF16_ROW(mr, panels)         \
  {"bf16_" #mr "x" HAIO_COLUMNS_##panels, \
   ::haio::Type::bf16,                    \
   ::haio::Type::bf16,                    \
   ::haio::Type::f32,                     \
   mr,                                    \
   panels,                                \
   0,                                     \
   ByRows<WideTiles<panels>::At, mr>::run}
