// Sizes of a gemm step and of its scratch.
#pragma once
#include "gemm/epilogue.h"
#include "gemm/rows.h"

namespace haio::HAIO_ISA::gemm {
namespace {

// How a step is cut. Panels and lines of B: gemm/panels.h.
struct Params {
  int64_t period, block;             // K blocks of B, in lines
  int64_t rowBlock, mBlock, nBlock;  // of an item: rows r…, m, panels
  int32_t copy;  // A is copied into scratch, where all m of all rows of an item stand in sequence
  float lo, hi;
};
constexpr int kA = 0, kB = 1, kBias = 2, kResidual = 3, kOwnInputs = 4;

constexpr int64_t kCopyPad = 16;  // rows of a copy start in different sets of the caches

// Length of a row of A's copy: an odd number of lines.
inline int64_t copyStride(int64_t k) { return ceilDiv(k, 2 * kPanel) * 2 * kPanel + kCopyPad; }
inline int64_t lines64(int64_t bytes) { return ceilDiv(bytes, 64) * 64; }

// Sizes of a step, from its operands.
struct Shape {
  int outer, groupAxes, tapAxes;
  int64_t groups, rows, m, n, panels, taps, kPerTap, k;
  int64_t rowBlocks, mBlocks, nBlocks;
  size_t stageOperands;
};

// Where the parts of a worker's scratch start, in bytes; the last one is the total.
struct Scratch {
  int64_t rowTable, tile, blocks, copy, end;
  Scratch(const Shape& s, const Params& p, const Stages* stages) {
    rowTable = lines64(s.taps * 8);
    tile = rowTable + lines64(p.rowBlock * static_cast<int64_t>(3 + s.stageOperands) * 8);
    blocks = tile + static_cast<int64_t>(kTileBytes);
    copy = blocks + static_cast<int64_t>(stageBytes(stages, s.stageOperands));
    end = copy + (p.copy ? p.rowBlock * p.mBlock * copyStride(smaller(p.block, s.k)) * 4 : 0);
  }
};

inline int64_t productOf(const Operand& o, int from, int to) {
  int64_t n = 1;
  for (int i = from; i < to; i++) n *= o.dims[i];
  return n;
}

// P: Params, or those of narrow_shape.h.
template <class P>
inline Shape shapeOf(const StepArgs& a, const P& p, int ownInputs = kOwnInputs) {
  const Operand &x = a.in[kA], &out = a.out[0];
  Shape s;
  s.outer = out.rank - 2;
  s.groupAxes = a.in[kB].rank - 1;
  s.tapAxes = x.rank - s.outer - 2;
  s.groups = productOf(out, 0, s.groupAxes);
  s.rows = productOf(out, s.groupAxes, s.outer);
  s.m = out.dims[s.outer];
  s.n = out.dims[s.outer + 1];
  s.panels = panelsOf(s.n);
  s.taps = productOf(x, s.outer + 1, x.rank - 1);
  s.kPerTap = x.dims[x.rank - 1];
  s.k = s.taps * s.kPerTap;
  s.rowBlocks = ceilDiv(s.rows, p.rowBlock);
  s.mBlocks = ceilDiv(s.m, p.mBlock);
  s.nBlocks = ceilDiv(s.panels, p.nBlock);
  s.stageOperands = a.inCount - static_cast<size_t>(ownInputs);
  return s;
}

// Offset of index `i`, counted row-major over axes from…to−1.
inline int64_t offsetOf(const Operand& o, int from, int to, int64_t i) {
  int64_t at = 0;
  for (int axis = to - 1; axis >= from; axis--) {
    at += i % o.dims[axis] * o.strides[axis];
    i /= o.dims[axis];
  }
  return at;
}

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
