// Eight tile registers of 16 rows of 64 bytes: 2×2 sums with two of A and two of B, or 1×4 sums.
#include "gemm/micro.h"
#include "gemm/panels.h"
#include "gemm/ukernel_float.h"
#include "kernel.h"
#include "tile.h"

namespace haio::HAIO_ISA::gemm {
namespace {

constexpr ptrdiff_t kLine = 64, kTile = 16 * kLine;

template <Kind kind>
constexpr ptrdiff_t kSize = kind == kBf16 ? 2 : 1;

// The configuration is loaded when it changes; the state says which it is.
AI void use(const MicroArgs& m, uint8_t rows, bool four) {
  uint8_t* state = static_cast<uint8_t*>(m.state);
  const uint8_t wanted = static_cast<uint8_t>(rows | (four ? 128 : 0));
  if (*state == wanted) return;
  *state = wanted;
  configure(rows, four);
}

// Fetches the lines asked for, spread over the k-steps.
struct LinesAhead {
  const char* at;
  ptrdiff_t apart;
  size_t each;
  [[gnu::always_inline]] LinesAhead(const MicroArgs& m, size_t stepsPerTap)
      : at(static_cast<const char*>(m.next) + m.nextLine * kLine), apart(static_cast<ptrdiff_t>(m.nextRun) * kLine), each(0) {
    const size_t steps = m.tapCount * stepsPerTap;
    if (m.next && steps) each = (m.nextLines + steps - 1) / steps;
  }
  [[gnu::always_inline]] void step() {
    for (size_t i = 0; i < each; i++, at += kLine)
      asm volatile("prefetcht1 (%0)\n\tprefetcht1 (%0,%1)" ::"r"(at), "r"(apart));
  }
};

// At most 32 rows × NP ≤ 2 panels. More than 16 rows are two tiles of equal height that may overlap in a
// row. TDPs of one register of B follow each other: it is not loaded into the unit again.
template <Kind kind, int NP, bool kTwo>
AI void square(const MicroArgs& m) {
  const ptrdiff_t rows = static_cast<ptrdiff_t>(m.rows), height = kTwo ? (rows + 1) / 2 : rows;
  const ptrdiff_t rowStride = m.rowStride * kSize<kind>, panelStride = m.panelStride * kSize<kind>;
  const ptrdiff_t second = (rows - height) * rowStride, cStride = m.cStride * 4;
  char* c = static_cast<char*>(m.c);
  char* c1 = c + (rows - height) * cStride;
  use(m, static_cast<uint8_t>(height), false);
  barrier();
  if (m.addend) {
    _tile_loadd(0, c, cStride);
    if constexpr (NP > 1) _tile_loadd(1, c + kLine, cStride);
    if constexpr (kTwo) _tile_loadd(2, c1, cStride);
    if constexpr (kTwo && NP > 1) _tile_loadd(3, c1 + kLine, cStride);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  const char* b = static_cast<const char*>(m.b);
  LinesAhead fetch(m, m.kPerTap * kSize<kind> / 64);
  for (size_t t = 0; t < m.tapCount; t++) {
    const char* a = static_cast<const char*>(m.a) + m.taps[t] * kSize<kind>;
    for (size_t k = m.kPerTap * kSize<kind> / 64; k; k--, a += kLine, b += kTile) {
      fetch.step();
      _tile_loadd(6, b, kLine);
      _tile_stream_loadd(4, a, rowStride);
      HAIO_TDP(kind, 0, 4, 6);
      if constexpr (kTwo) {
        _tile_stream_loadd(5, a + second, rowStride);
        HAIO_TDP(kind, 2, 5, 6);
      }
      if constexpr (NP > 1) {
        _tile_loadd(7, b + panelStride, kLine);
        HAIO_TDP(kind, 1, 4, 7);
        if constexpr (kTwo) HAIO_TDP(kind, 3, 5, 7);
      }
    }
  }
  _tile_stored(0, c, cStride);
  if constexpr (NP > 1) _tile_stored(1, c + kLine, cStride);
  if constexpr (kTwo) _tile_stored(2, c1, cStride);
  if constexpr (kTwo && NP > 1) _tile_stored(3, c1 + kLine, cStride);
  barrier();
}

template <Kind kind, int NP>
void tile(const MicroArgs& m) {
  if (m.rows > 16) square<kind, NP, true>(m);
  else square<kind, NP, false>(m);
}

// At most 16 rows × four panels.
template <Kind kind>
void wide(const MicroArgs& m) {
  const ptrdiff_t rowStride = m.rowStride * kSize<kind>, panelStride = m.panelStride * kSize<kind>;
  const ptrdiff_t cStride = m.cStride * 4;
  char* c = static_cast<char*>(m.c);
  use(m, static_cast<uint8_t>(m.rows), true);
  barrier();
  if (m.addend) {
    _tile_loadd(0, c, cStride);
    _tile_loadd(1, c + kLine, cStride);
    _tile_loadd(2, c + 2 * kLine, cStride);
    _tile_loadd(3, c + 3 * kLine, cStride);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  const char* b = static_cast<const char*>(m.b);
  for (size_t t = 0; t < m.tapCount; t++) {
    const char* a = static_cast<const char*>(m.a) + m.taps[t] * kSize<kind>;
    for (size_t k = m.kPerTap * kSize<kind> / 64; k; k--, a += kLine, b += kTile) {
      _tile_loadd(4, a, rowStride);
      _tile_stream_loadd(5, b, kLine);
      HAIO_TDP(kind, 0, 4, 5);
      _tile_stream_loadd(6, b + panelStride, kLine);
      HAIO_TDP(kind, 1, 4, 6);
      _tile_stream_loadd(7, b + 2 * panelStride, kLine);
      HAIO_TDP(kind, 2, 4, 7);
      _tile_stream_loadd(5, b + 3 * panelStride, kLine);
      HAIO_TDP(kind, 3, 4, 5);
    }
  }
  _tile_stored(0, c, cStride);
  _tile_stored(1, c + kLine, cStride);
  _tile_stored(2, c + 2 * kLine, cStride);
  _tile_stored(3, c + 3 * kLine, cStride);
  barrier();
}

void end() { _tile_release(); }

}  // namespace

#define HAIO_TILE_ROWS(name, kind, a, b, acc)                                                              \
  {name "_32x32", ::haio::Type::a, ::haio::Type::b, ::haio::Type::acc, 32, 2, 2, tile<kind, 2>, end},      \
      {name "_32x16", ::haio::Type::a, ::haio::Type::b, ::haio::Type::acc, 32, 1, 2, tile<kind, 1>, end}, \
      {name "_16x64", ::haio::Type::a, ::haio::Type::b, ::haio::Type::acc, 16, 4, 2, wide<kind>, end}
HAIO_GEMM_TABLE(HAIO_TILE_ROWS("bf16", kBf16, bf16, bf16, f32), HAIO_TILE_ROWS("u8s8", kUnsigned, u8, i8, i32),
                HAIO_TILE_ROWS("s8s8", kSigned, i8, i8, i32))

}  // namespace haio::HAIO_ISA::gemm
