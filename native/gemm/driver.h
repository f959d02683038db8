// The loops around the micro-kernels of one gemm step.
//
//   out[g…, r…, m, n] = stages(clamp(residual + bias[g…, n] + S)) where
//   S = Σ_{t…, k} A[g…, r…, m, t…, k] · B[g…][t…, k, n]
//
// A is a strided view in which rows and taps may overlap (a convolution over a padded image is such a
// view: r… m are output pixels, t… kernel positions). B is packed (gemm/panels.h), one matrix per index
// of the group axes g…. The work is cut into blocks of rows r…, of m, and of panels of n; items count
// panels first, then groups, then m, then rows.
#pragma once
#include "gemm/shape.h"

namespace haio::HAIO_ISA::gemm {
namespace {

constexpr int64_t kSmallWeights = 700 << 10;  // bytes of B that stay in L2 beside A and C
// With fewer tiles of rows than this a panel of B, read once, serves all of them from L1; with more, rows of A
// and C would be read too often. Few bytes of B are there in either order.
constexpr int64_t kManyTiles = 12;
constexpr int64_t kFewWeights = 96 << 10;
constexpr int64_t kFetchedLines = 8192;       // of the following step

// One step, while a worker runs items of it.
class Driver {
 public:
  explicit Driver(const StepArgs& args)
      : a(args),
        p(*static_cast<const Params*>(args.params)),
        s(shapeOf(args, p)),
        items(s.groups * s.rowBlocks * s.mBlocks * s.nBlocks),
        blocks(s.k, p.period, p.block) {
    const Scratch at(s, p, a.stages);
    char* base = static_cast<char*>(a.scratch);
    taps = reinterpret_cast<ptrdiff_t*>(base);
    table = reinterpret_cast<int64_t*>(base + at.rowTable);
    tile = reinterpret_cast<float*>(base + at.tile);
    stageBlocks = reinterpret_cast<float*>(base + at.blocks);
    copied = reinterpret_cast<float*>(base + at.copy);
    for (int64_t t = 0; t < s.taps; t++) taps[t] = offsetOf(a.in[kA], s.outer + 1, a.in[kA].rank - 1, t);
    clamp = !(p.lo == -__builtin_inff() && p.hi == __builtin_inff());
    if (a.stages) memset(tile, 0, kTileBytes);
  }

  void run() {
    for (int64_t i = static_cast<int64_t>(a.begin), end = static_cast<int64_t>(a.end); i < end;) {
      const int64_t nb = i % s.nBlocks, ne = smaller(s.nBlocks, nb + end - i);
      const int64_t group = i / s.nBlocks % s.groups, rest = i / s.nBlocks / s.groups;
      const int64_t mb = rest % s.mBlocks, rb = rest / s.mBlocks;
      // the first two calls of a step find B cold, one on each of two threads
      cold = i == static_cast<int64_t>(a.begin) && a.begin <= a.end - a.begin;
      i += ne - nb;
      last = i == end;  // of this call
      block(group, rb * p.rowBlock, mb * p.mBlock, nb * p.nBlock, smaller(s.panels, ne * p.nBlock));
    }
  }

 private:
  const StepArgs& a;
  const Params& p;
  const Shape s;
  const int64_t items;
  const KBlocks blocks;
  ptrdiff_t* taps;
  int64_t* table;
  float *tile, *stageBlocks, *copied;
  FilledBlocks filled;
  bool clamp, cold, last;

  // The block at hand: panels p0…p1−1 of B, of which bias is the same group's, and rows of A.
  int64_t p0, p1, segments, length;
  const float *b, *bias;
  Choice choice;
  // The K block at hand.
  int64_t k0, k1;
  bool first, final;

  // Row tables: offsets of A, out, residual, then stage operands, for each row of the block.
  int64_t& rowOffset(int64_t row, int operand) {
    return table[row * (3 + (int64_t)s.stageOperands) + operand];
  }
  const Operand& operand(int i) const { return i == 0 ? a.in[kA] : i == 1 ? a.out[0] : a.in[i + 1]; }
  int64_t mStride(int i) const { return operand(i).strides[s.outer]; }
  static const float* floats(const Operand& o) { return static_cast<const float*>(o.data); }

  // Panels that the tile at `panel` takes.
  int64_t width(int64_t panel) const { return choice.at(p1 - panel).panels; }

  void block(int64_t group, int64_t row, int64_t m, int64_t firstPanel, int64_t endPanel) {
    p0 = firstPanel;
    p1 = endPanel;
    const int64_t rows = smaller(p.rowBlock, s.rows - row);
    length = smaller(p.mBlock, s.m - m);
    segments = rows;
    for (int i = 0; i < 3 + static_cast<int>(s.stageOperands); i++) {
      const Operand& o = operand(i);
      if (!o.data) continue;
      const int64_t base = offsetOf(o, 0, s.groupAxes, group) + m * o.strides[s.outer];
      for (int64_t r = 0; r < rows; r++) rowOffset(r, i) = base + offsetOf(o, s.groupAxes, s.outer, row + r);
    }
    b = floats(a.in[kB]) + offsetOf(a.in[kB], 0, s.groupAxes, group);
    bias = a.in[kBias].data ? floats(a.in[kBias]) + offsetOf(a.in[kBias], 0, s.groupAxes, group) : nullptr;
    if (p.copy) segments = 1, length *= rows;
    choice = choose(a.rows, a.rowCount, length, p1 - p0);

    const EvenTiles split(length, choice.mr);
    const int64_t tiles = segments * split.tiles;
    const int64_t bytes = s.k * (p1 - p0) * kPanel * 4;
    if (blocks.count() <= 1 && bytes <= (tiles >= kManyTiles ? kSmallWeights : kFewWeights)) {
      kBlock(0, rows);
      for (int64_t i = 0; i < tiles; i++)
        for (int64_t panel = p0; panel < p1; panel += width(panel)) {
          Lines next = {};
          if (i == tiles - 1 && endsStep())
            next = nextStep(s.k * (p1 - p0) / 2).part(panel - p0, panel - p0 + width(panel), p1 - p0);
          else if (i == 0 && cold)
            next = nextPanels(panel);
          oneTile(i / split.tiles, split, i % split.tiles, panel, next);
        }
      return;
    }
    const bool large = s.groups * s.k * s.panels * kPanel * 4 > kSmallWeights;
    for (int64_t kb = 0; kb < larger(blocks.count(), 1); kb++) {
      kBlock(kb, rows);
      for (int64_t panel = p0; panel < p1; panel += width(panel)) {
        const bool end = final && panel + width(panel) >= p1;
        const int64_t most = larger(width(panel), tiles / 2) * (k1 - k0);
        const Lines next = end && endsStep() ? nextStep(most)
                           : !large          ? Lines{}
                           : end             ? nextItem()
                                             : nextPanels(panel);
        for (int64_t i = 0; i < tiles; i++)
          oneTile(i / split.tiles, split, i % split.tiles, panel, next.part(i, i + 1, tiles));
      }
    }
  }

  // Makes K block kb the current one, and copies its part of A where that is wanted.
  void kBlock(int64_t kb, int64_t rows) {
    const bool none = blocks.count() == 0;
    k0 = none ? 0 : blocks.start(kb);
    k1 = none ? 0 : blocks.end(kb);
    first = kb == 0;
    final = kb + 1 >= blocks.count();
    if (!p.copy || none) return;
    const int64_t stride = copyStride(k1 - k0), each = length / rows;
    const int64_t run = smaller(s.kPerTap, k1 - k0), tap = k0 / s.kPerTap, count = (k1 - k0) / run;
    for (int64_t r = 0; r < rows; r++)
      for (int64_t x = 0; x < each; x++) {
        const float* from = floats(a.in[kA]) + rowOffset(r, 0) + x * mStride(0) + k0 % s.kPerTap;
        float* to = copied + (r * each + x) * stride;
        for (int64_t t = 0; t < count; t++) copyRow(to + t * run, from + taps[tap + t], run);
      }
  }

  // Lines of B to fetch: those from `line` on, `count` of them, of a run of `run` lines.
  struct Lines {
    const void* at;
    int64_t run, line, count;
    Lines part(int64_t from, int64_t to, int64_t of) const {
      return {at, run, run * from / of, run * to / of - run * from / of};
    }
  };
  // The panels that come after those at `panel`: in this K block, or the first of the next one.
  Lines nextPanels(int64_t panel) const {
    const int64_t after = panel + width(panel);
    if (after < p1) {
      const int64_t n = width(after) * (k1 - k0);
      return {b + panelAt(k0, k1, s.panels, after), n, 0, n};
    }
    if (final) return {};
    const int64_t kb = k0 / p.period * blocks.perPeriod + k0 % p.period / p.block + 1;
    const int64_t n0 = blocks.start(kb), n1 = blocks.end(kb), n = width(p0) * (n1 - n0);
    return {b + panelAt(n0, n1, s.panels, p0), n, 0, n};
  }
  // The first panels of the item that comes after this call.
  Lines nextItem() const {
    const int64_t item = static_cast<int64_t>(a.end);
    if (!last || item >= items) return {};
    const int64_t panel = item % s.nBlocks * p.nBlock, group = item / s.nBlocks % s.groups;
    const int64_t n1 = blocks.count() ? blocks.end(0) : 0;
    const int64_t n = smaller(choice.panels, s.panels - panel) * n1;
    return {floats(a.in[kB]) + offsetOf(a.in[kB], 0, s.groupAxes, group) + panelAt(0, n1, s.panels, panel), n,
            0, n};
  }
  // No more calls of this step come after this one and a call of another thread.
  bool endsStep() const { return last && static_cast<int64_t>(2 * a.end - a.begin) >= items; }
  // The first panels of the step that comes after this one.
  Lines nextStep(int64_t atMost) const {
    if (!a.next) return {};
    const int64_t n = smaller(smaller(static_cast<int64_t>(a.nextBytes / 64), atMost), kFetchedLines);
    return {a.next, n, 0, n};
  }

  // Tile i of a row (or of the copy) against the panels from `panel` on.
  void oneTile(int64_t row, const EvenTiles& split, int64_t i, int64_t panel, const Lines& next) {
    const GemmRow& kernel = choice.at(p1 - panel);
    const int64_t x = split.start(i), column = panel * kPanel;
    const int64_t columns = smaller(kernel.panels * kPanel, s.n - column);
    const Operand &out = a.out[0], &residual = a.in[kResidual];
    float* c = static_cast<float*>(out.data) + rowOffset(row, 1) + x * mStride(1) + column;
    const ptrdiff_t none = 0;
    MicroArgs args;
    args.rows = static_cast<size_t>(split.rows(i));
    args.taps = &none;
    args.tapCount = 1;
    args.kPerTap = static_cast<size_t>(k1 - k0);
    if (p.copy) {
      args.rowStride = copyStride(k1 - k0);
      args.a = copied + x * args.rowStride;
    } else {
      const float* from = floats(a.in[kA]) + rowOffset(row, 0) + x * mStride(0);
      args.rowStride = mStride(0);
      args.a = from;
      if (k1 - k0 > s.kPerTap) {  // whole taps
        args.taps = taps + k0 / s.kPerTap;
        args.tapCount = static_cast<size_t>((k1 - k0) / s.kPerTap);
        args.kPerTap = static_cast<size_t>(s.kPerTap);
      } else if (k1 > k0) {
        args.a = from + taps[k0 / s.kPerTap] + k0 % s.kPerTap;
      }
    }
    args.b = b + panelAt(k0, k1, s.panels, panel);
    args.panelStride = (k1 - k0) * kPanel;
    args.next = next.at;
    args.nextRun = static_cast<size_t>(next.run);
    args.nextLine = static_cast<size_t>(next.line);
    args.nextLines = static_cast<size_t>(next.count);
    args.c = c;
    args.cStride = mStride(1);
    args.columns = static_cast<size_t>(columns);
    args.addend = c;
    args.addendStride = mStride(1);
    args.bias = nullptr;
    args.clamp = final && clamp;
    args.lo = p.lo;
    args.hi = p.hi;
    if (first) {
      args.addend = residual.data ? floats(residual) + rowOffset(row, 2) + x * mStride(2) + column : nullptr;
      args.addendStride = residual.data ? mStride(2) : 0;
      if (bias) args.bias = bias + column;
    }
    if (!final || !a.stages) {
      kernel.fn(args);
      return;
    }
    const int64_t width = stageWidth(split.rows(i), columns, kernel.panels);
    args.c = tile;
    args.cStride = width;
    kernel.fn(args);
    StageOperand operands[kMaxStageOperands];
    for (int j = 0; j < static_cast<int>(s.stageOperands); j++) {
      const Operand& o = operand(3 + j);
      operands[j] = {floats(o) + rowOffset(row, 3 + j) + x * mStride(3 + j) + column * o.strides[s.outer + 1],
                     mStride(3 + j), o.strides[s.outer + 1]};
    }
    runStages(*a.stages, operands, s.stageOperands, tile, width, split.rows(i), columns, c, mStride(1), Type::f32,
              stageBlocks, filled);
  }
};

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
