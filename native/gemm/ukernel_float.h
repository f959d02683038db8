// Float micro-kernels: a tile of rows × panels in registers, for any vector width.
#pragma once
#include "gemm/micro.h"
#include "gemm/panels.h"
#include "kernel.h"
#include "vec.h"

namespace haio::HAIO_ISA::gemm {
namespace {

// Order in which lines are fetched: line i of four consecutive pages before line i+1, so that four
// streams of the hardware's prefetcher run at once; what is left of a run after its last whole 16 KiB
// goes in sequence. Returns the offset of the i-th one of a run, in bytes.
AI size_t fetchOffset(size_t i, size_t run) {
  const size_t spread = ((i & 3) << 12) + ((i & 252) << 4) + ((i >> 8) << 14);
  return i < (run & ~size_t(255)) ? spread : i << 6;
}

// How the lines to fetch are spread over the k loop: `lines` of them after every `pairs` pairs of k.
struct Fetch {
  size_t pairs, lines;
  [[gnu::always_inline]] Fetch(const MicroArgs& m) : pairs(m.kPerTap), lines(0) {
    const size_t all = m.kPerTap / 2 * m.tapCount;
    if (!m.next || !m.nextLines || !all) return;
    pairs = 4 * all / m.nextLines;
    pairs = pairs == 0 ? 1 : pairs < m.kPerTap / 2 ? pairs : m.kPerTap / 2;
    lines = (m.nextLines * pairs + all - 1) / all;
  }
};

template <int R, int NP>
struct Tile {
  static constexpr int kVectors = kPanel / F32::N;  // of a line
  static constexpr int V = NP * kVectors;
  static constexpr int G = (R + 2) / 3;  // A is walked by one pointer for every three rows
  F32 acc[R][V];

  // One k: acc += column of A × line of B. Strides in bytes. Each pointer is hidden from the compiler
  // after its step, which otherwise makes one per row and keeps offsets of rows and steps apart.
  AI void step(F32 (&acc)[R][V], const char* (&a)[G], ptrdiff_t rowStride, const char*& b,
               ptrdiff_t panelStride) {
    F32 line[V];
#pragma GCC unroll 16
    for (int v = 0; v < V; v++)
      line[v] = load(reinterpret_cast<const float*>(b + v / kVectors * panelStride) + v % kVectors * F32::N);
    b += kPanel * sizeof(float);
    asm("" : "+r"(b));
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
      const F32 x = set1(*reinterpret_cast<const float*>(a[r / 3] + r % 3 * rowStride));
#pragma GCC unroll 16
      for (int v = 0; v < V; v++) acc[r][v] = fma(x, line[v], acc[r][v]);
    }
#pragma GCC unroll 16
    for (int g = 0; g < G; g++) {
      a[g] += sizeof(float);
      asm("" : "+r"(a[g]));
    }
  }

  // Lanes of vector v that are columns of C.
  AI size_t lanes(size_t columns, int v) {
    const size_t before = static_cast<size_t>(v) * F32::N;
    const size_t n = columns > before ? columns - before : 0;
    return n < F32::N ? n : F32::N;
  }
  template <bool kWhole>
  AI F32 get(const float* p, const MicroArgs& m, int v) {
    if constexpr (kWhole) return load(p + v * F32::N);
    const size_t n = lanes(m.columns, v);
    return n ? load(p + v * F32::N, n) : set1(0.f);
  }

  template <bool kWhole>
  AI void finish(F32 (&acc)[R][V], const MicroArgs& m) {
    if (m.addend) {
      const float* p = static_cast<const float*>(m.addend);
#pragma GCC unroll 16
      for (int r = 0; r < R; r++)
#pragma GCC unroll 16
        for (int v = 0; v < V; v++) acc[r][v] = acc[r][v] + get<kWhole>(p + r * m.addendStride, m, v);
    }
    if (m.bias) {
#pragma GCC unroll 16
      for (int v = 0; v < V; v++) {
        const F32 x = get<kWhole>(static_cast<const float*>(m.bias), m, v);
#pragma GCC unroll 16
        for (int r = 0; r < R; r++) acc[r][v] = acc[r][v] + x;
      }
    }
    if (m.clamp) {  // the value comes second: so a NaN stays one
      const F32 lo = set1(m.lo), hi = set1(m.hi);
#pragma GCC unroll 16
      for (int r = 0; r < R; r++)
#pragma GCC unroll 16
        for (int v = 0; v < V; v++) acc[r][v] = min(hi, max(lo, acc[r][v]));
    }
    float* c = static_cast<float*>(m.c);
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 16
      for (int v = 0; v < V; v++) {
        float* p = c + r * m.cStride + v * F32::N;
        if constexpr (kWhole)
          store(p, acc[r][v]);
        else if (const size_t n = lanes(m.columns, v))
          store(p, acc[r][v], n);
      }
  }

  static void run(const MicroArgs& m) {
    F32 acc[R][V];
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 16
      for (int v = 0; v < V; v++) acc[r][v] = set1(0.f);
    constexpr ptrdiff_t kBytes = sizeof(float);
    const ptrdiff_t rowStride = m.rowStride * kBytes, panelStride = m.panelStride * kBytes;
    const char* b = static_cast<const char*>(m.b);
    const Fetch fetch(m);
    size_t line = m.nextLine;
    for (size_t t = 0; t < m.tapCount; t++) {
      const char* a[G];
      a[0] = static_cast<const char*>(m.a) + m.taps[t] * kBytes;
#pragma GCC unroll 16
      for (int g = 1; g < G; g++) a[g] = a[g - 1] + 3 * rowStride;
      for (size_t left = m.kPerTap / 2; left;) {
        size_t pairs = left < fetch.pairs ? left : fetch.pairs;
        left -= pairs;
        for (; pairs; pairs--) {
          step(acc, a, rowStride, b, panelStride);
          step(acc, a, rowStride, b, panelStride);
        }
        for (size_t i = fetch.lines; i; i--, line++)
          __builtin_prefetch(static_cast<const char*>(m.next) + fetchOffset(line, m.nextRun), 0, 2);
      }
      if (m.kPerTap & 1) step(acc, a, rowStride, b, panelStride);
    }
    if (m.columns == static_cast<size_t>(NP) * kPanel)
      finish<true>(acc, m);
    else
      finish<false>(acc, m);
  }
};

// Tiles of 1…MR rows. MR·16·NP floats must fit the registers beside a line and one element of A.
template <int MR, int NP>
struct Tiles {
  template <int... R>
  struct List {
    static constexpr MicroFn fns[] = {Tile<R, NP>::run...};
  };
  template <int N, int... R>
  struct Count : Count<N - 1, N, R...> {};
  template <int... R>
  struct Count<0, R...> : List<R...> {};
  static void run(const MicroArgs& m) { Count<MR>::fns[m.rows - 1](m); }
};

}  // namespace
}  // namespace haio::HAIO_ISA::gemm

// A row of an ISA's gemm table: HAIO_F32_ROW(14, 2) is f32_14x32.
#define HAIO_F32_ROW(mr, panels)         \
  {"f32_" #mr "x" HAIO_COLUMNS_##panels, \
   ::haio::Type::f32,                    \
   ::haio::Type::f32,                    \
   ::haio::Type::f32,                    \
   mr,                                   \
   panels,                               \
   0,                                    \
   Tiles<mr, panels>::run}
#define HAIO_COLUMNS_1 "16"
#define HAIO_COLUMNS_2 "32"
#define HAIO_COLUMNS_3 "48"
#define HAIO_COLUMNS_4 "64"

// Defines haio_gemm_<isa>; rows from best to worst. Outside of any unnamed namespace.
#define HAIO_GEMM_NAME2(isa) haio_gemm_##isa
#define HAIO_GEMM_NAME(isa) HAIO_GEMM_NAME2(isa)
#define HAIO_GEMM_TABLE(...)                                                                     \
  static const ::haio::GemmRow kRows[] = {__VA_ARGS__};                                          \
  extern "C" {                                                                                   \
  extern const ::haio::GemmTable HAIO_GEMM_NAME(HAIO_ISA) __attribute__((visibility("hidden"))); \
  const ::haio::GemmTable HAIO_GEMM_NAME(HAIO_ISA) = {kRows, sizeof kRows / sizeof kRows[0]};    \
  }
