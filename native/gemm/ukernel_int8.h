// 8-bit micro-kernels: exact int32 sums of products of u8 or s8 with s8, wrapping.
//
// What an ISA multiplies with is its Dot, of dot.h:
//   Acc, N              int32 lanes; load(const int32_t*), store(int32_t*, Acc), zero()
//   kHalves             a group of four k is multiplied in so many parts
//   flips(bool)         whether A of that signedness is taken as the other one: then the kernel gives it
//                       a ^ 0x80, which is a + 128 or a − 128, and takes the difference off again
//   line<half>(p), value<half, kSigned>(int32 of four a), dot(acc, value, line)
#pragma once
#include "dot.h"
#include "gemm/micro.h"
#include "gemm/panels.h"
#include "gemm/ukernel_bf16.h"
#include "kernel.h"

namespace haio::HAIO_ISA::gemm {
namespace {

template <bool kSigned, int R, int NP>
struct Int8Tile {
  static constexpr int kVectors = kPanel / Dot::N, V = NP * kVectors;
  using Acc = Dot::Acc;

  template <int kHalf>
  AI void step(Acc (&acc)[R][V], const char* a, ptrdiff_t rowStride, const char* b, ptrdiff_t panelStride) {
    typename Dot::Line line[V];
#pragma GCC unroll 16
    for (int v = 0; v < V; v++)
      line[v] = Dot::template line<kHalf>(b + v / kVectors * panelStride + v % kVectors * Dot::N * 4);
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
      int32_t four;
      memcpy(&four, a + r * rowStride, 4);
      const auto x = Dot::template value<kHalf, kSigned>(four);
#pragma GCC unroll 16
      for (int v = 0; v < V; v++) acc[r][v] = Dot::dot(acc[r][v], x, line[v]);
    }
  }

  static void run(const MicroArgs& m) {
    Acc acc[R][V];
    int32_t* c = static_cast<int32_t*>(m.c);
#pragma GCC unroll 16
    for (int v = 0; v < V; v++) {
      Acc start = Dot::zero();
      if (Dot::flips(kSigned) && !m.addend)
        start = Dot::template scaled<kSigned ? -128 : 128>(Dot::load(m.sums + v * Dot::N));
#pragma GCC unroll 16
      for (int r = 0; r < R; r++)
        acc[r][v] = m.addend ? Dot::load(c + r * m.cStride + v * Dot::N) : start;
    }
    const char* b = static_cast<const char*>(m.b);
    for (size_t t = 0; t < m.tapCount; t++) {
      const char* a = static_cast<const char*>(m.a) + m.taps[t];
      for (size_t k = m.kPerTap / 4; k; k--, a += 4, b += 64) {
        step<0>(acc, a, m.rowStride, b, m.panelStride);
        if constexpr (Dot::kHalves > 1) step<1>(acc, a, m.rowStride, b, m.panelStride);
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 16
      for (int v = 0; v < V; v++) Dot::store(c + r * m.cStride + v * Dot::N, acc[r][v]);
  }
};

template <bool kSigned, int NP>
struct Int8Tiles {
  template <int R>
  using At = Int8Tile<kSigned, R, NP>;
};

}  // namespace
}  // namespace haio::HAIO_ISA::gemm

// Two rows: HAIO_INT8_ROWS(8, 3, 1) are u8s8_8x48 and s8s8_8x48, of speed 1.
#define HAIO_INT8_ROWS(mr, panels, speed)                                                                   \
  {"u8s8_" #mr "x" HAIO_COLUMNS_##panels,                                                                   \
   ::haio::Type::u8,                                                                                        \
   ::haio::Type::i8,                                                                                        \
   ::haio::Type::i32,                                                                                       \
   mr,                                                                                                      \
   panels,                                                                                                  \
   speed,                                                                                                   \
   ByRows<Int8Tiles<false, panels>::At, mr>::run},                                                          \
  {                                                                                                         \
    "s8s8_" #mr "x" HAIO_COLUMNS_##panels, ::haio::Type::i8, ::haio::Type::i8, ::haio::Type::i32, mr, panels, \
        speed, ByRows<Int8Tiles<true, panels>::At, mr>::run                                                 \
  }
