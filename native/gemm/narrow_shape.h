// Sizes of a gemm step of 16- or 8-bit matrices, and of its scratch.
#pragma once
#include "gemm/narrow_panels.h"
#include "gemm/shape.h"

namespace haio::HAIO_ISA::gemm {
namespace {

struct NarrowParams {
  int64_t rowBlock, mBlock, nBlock;  // of an item: rows r…, m, panels
  int32_t copy;  // A is converted into scratch, where all m of all rows of an item stand in sequence
  // of 8-bit kernels: 0, 1 or kQuantizedSum, and how (see gemm/requantize.h); the output is of 8 bits then
  int32_t quantize;
  float lo, hi, zero;
  float ownZero, ownScale, otherZero, otherScale, divisor, sumZero, sumLo, sumHi;
};
constexpr int32_t kQuantizedSum = 2;
// Inputs behind the residual, of 8-bit kernels: the zero point of A, and what the sums are multiplied by.
constexpr int kZero = 4, kScale = 5, kNarrowInputs = 6;

constexpr int64_t kTileGroup = 16;  // tiles of sums that exist at a time

// Elements of a row of A's copy, of k padded ones: an odd number of lines.
inline int64_t narrowCopyStride(int64_t k, int64_t step) { return (k / step | 1) * step; }

// Where the parts of a worker's scratch start, in bytes; the last one is the total.
template <class F>
struct NarrowScratch {
  int64_t rowTable, state, tile, blocks, sums, rowSums, copy, end;
  NarrowScratch(const Shape& s, const NarrowParams& p, const Stages* stages) {
    const int64_t rows = p.rowBlock * p.mBlock;
    rowTable = lines64(s.taps * 8);
    state = rowTable + lines64(p.rowBlock * static_cast<int64_t>(3 + s.stageOperands) * 8);
    tile = state + 64;
    blocks = tile + static_cast<int64_t>(kTileBytes);
    sums = blocks + static_cast<int64_t>(stageBytes(stages, s.stageOperands));
    rowSums = sums + kTileGroup * static_cast<int64_t>(kTileBytes);
    copy = rowSums + (F::acc == Type::i32 ? lines64(rows * 4) : 0);
    end = copy + (p.copy ? rows * narrowCopyStride(paddedK<F>(s.k), F::kStep) *
                               static_cast<int64_t>(sizeof(typename F::B))
                         : 0);
  }
};

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
