// Which gemm row serves a tile.
#pragma once
#include "gemm/micro.h"
#include "gemm/panels.h"
#include "kernel.h"
#include "vec.h"

namespace haio::HAIO_ISA::gemm {
namespace {

constexpr int kMaxPanels = 4;        // of a row
constexpr size_t kTileBytes = 4096;  // room for the largest tile: mr·panels·16 floats

// The rows for one shape: `panels` side by side, and for fewer panels (at the end of a matrix) one
// that takes at most as many. All of them take `mr` rows.
struct Choice {
  const GemmRow* by[kMaxPanels + 1];
  int panels;
  int64_t mr;
  const GemmRow& at(int64_t left) const { return *by[left < panels ? left : panels]; }
};

// Rows that multiply matrices of these types, of one speed.
struct Wanted {
  Type a, b;
  uint32_t speed;
  bool takes(const GemmRow& r) const {
    return r.a == a && r.b == b && r.speed == speed && r.mr >= 1 && r.panels >= 1 && r.panels <= kMaxPanels &&
           size_t(r.mr) * r.panels * kPanel * sizeof(float) <= kTileBytes;
  }
};
// The highest speed that has a row for every shape, that is one of a single panel; −1: none has.
inline int64_t speedOf(const GemmRow* rows, size_t count, Type a = Type::f32, Type b = Type::f32) {
  int64_t best = -1;
  for (size_t i = 0; i < count; i++) {
    const GemmRow& r = rows[i];
    if (r.panels == 1 && Wanted{a, b, r.speed}.takes(r)) best = larger(best, r.speed);
  }
  return best;
}

// Of rows that multiply tiles of 16 rows in a register each: cycles for a step of k.
constexpr uint32_t kTileSpeed = 2;
inline int64_t tileCostOf(const GemmRow& r, int64_t m, int64_t panels) {
  const int64_t tiles = ceilDiv(m, r.mr), groups = ceilDiv(panels, r.panels);
  const int64_t rows = ceilDiv(m, tiles), registers = ceilDiv(rows, 16);
  const int64_t work = registers * r.panels * larger(8, ceilDiv(rows, registers));
  return tiles * groups * (larger(work, 8 * (registers + r.panels)) + 4);
}

// Sixths of a cycle per k for m rows and `panels` panels: two FMAs a cycle, no less than 4 cycles for a
// tile (the latency of its FMAs), one for each element of A and four for each vector of B, which comes
// from L2.
inline int64_t costOf(const GemmRow& r, int64_t m, int64_t panels) {
  const int64_t vectors = r.panels * kPanel / static_cast<int64_t>(F32::N);
  const int64_t tiles = ceilDiv(m, r.mr), groups = ceilDiv(panels, r.panels);
  const int64_t work = 3 * ceilDiv(m, tiles) * vectors;
  return tiles * groups * (larger(work, 24) + 4 * vectors) + groups * m;
}

// The best row for m ≥ 1 rows of A and `panels` ≥ 1 panels of B; there must be one (speedOf).
inline Choice choose(const GemmRow* rows, size_t count, int64_t m, int64_t panels, Type a = Type::f32,
                     Type b = Type::f32) {
  const Wanted wanted = {a, b, static_cast<uint32_t>(speedOf(rows, count, a, b))};
  Choice c = {{}, 1, 1};
  const GemmRow* best = nullptr;
  int64_t bestCost = 0;
  for (size_t i = 0; i < count; i++) {
    const GemmRow& r = rows[i];
    if (!wanted.takes(r) || (r.panels > panels && r.panels > 1)) continue;
    const int64_t cost = r.speed == kTileSpeed ? tileCostOf(r, m, panels) : costOf(r, m, panels);
    if (!best || cost < bestCost) best = &r, bestCost = cost;
  }
  c.panels = best->panels;
  c.by[c.panels] = best;
  // the tail's rows must take the tiles of the main row; where none does, tiles get smaller
  c.mr = smaller(best->mr, m);
  for (int left = c.panels - 1; left >= 1; left--) {
    const GemmRow* tail = nullptr;
    for (size_t i = 0; i < count; i++) {
      const GemmRow& r = rows[i];
      if (!wanted.takes(r) || r.panels > left) continue;
      const bool fits = r.mr >= c.mr, fit = tail && tail->mr >= c.mr;
      if (!tail || (fits && !fit) || (fits == fit && r.panels > tail->panels)) tail = &r;
    }
    c.by[left] = tail;
  }
  for (int left = 1; left < c.panels; left++) c.mr = smaller(c.mr, c.by[left]->mr);
  return c;
}

// Tile i of m rows cut evenly into tiles of at most mr: its first row and their number.
struct EvenTiles {
  int64_t tiles, base, extra;
  EvenTiles(int64_t m, int64_t mr)
      : tiles(ceilDiv(m, mr)), base(tiles ? m / tiles : 0), extra(tiles ? m % tiles : 0) {}
  int64_t start(int64_t i) const { return i * base + smaller(i, extra); }
  int64_t rows(int64_t i) const { return base + (i < extra); }
};

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
