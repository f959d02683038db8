// What becomes of the int32 sums of a tile of an 8-bit gemm step:
//
//   x = f32(S + start[n]) · factor[n]                                       floats (quantize 0), or
//   q = clamp(roundEven(x) + zero, lo, hi)                                  bytes (1), or with a residual r
//   clamp(roundEven(((q − ownZero)·ownScale + (r − otherZero)·otherScale) / divisor) + sumZero, sumLo, sumHi)
//
// (2), the sum of two quantised tensors in the scale of a third. Each operation is rounded on its own.
#pragma once
#include "gemm/narrow_shape.h"
#include "vec.h"

namespace haio::HAIO_ISA::gemm {
namespace {

struct IntTile {
  int32_t* block;  // rows × wide, of which `columns` count
  int64_t rows, columns, wide;
  const int32_t* start;  // `wide` of them, as of the factors
  const float* factor;
  uint8_t* out;  // of bytes: rows outRow apart
  int64_t outRow;
  const uint8_t* other;  // the residual
  int64_t otherRow;
};

enum class Residual { none, u8, i8 };

AI F32 toBytes(F32 x, F32 zero, F32 lo, F32 hi) { return min(hi, max(lo, roundEven(x) + zero)); }

// In place.
inline void scaleTile(const IntTile& t) {
  constexpr int64_t N = I32::N;
  for (int64_t r = 0; r < t.rows; r++) {
    int32_t* from = t.block + r * t.wide;
    for (int64_t j = 0; j < t.wide; j += N)
      store(reinterpret_cast<float*>(from) + j, toF32(load(from + j) + load(t.start + j)) * load(t.factor + j));
  }
}

// Into the output. Without kWhole the last vector of a row has fewer than N columns.
template <Residual kOther, bool kWhole>
inline void quantizeTile(const NarrowParams& p, const IntTile& t) {
  constexpr int64_t N = I32::N;
  const F32 zero = set1(p.zero), lo = set1(p.lo), hi = set1(p.hi);
  for (int64_t r = 0; r < t.rows; r++) {
    const int32_t* from = t.block + r * t.wide;
    uint8_t* to = t.out + r * t.outRow;
    for (int64_t j = 0; j < t.columns; j += N) {
      const size_t n = static_cast<size_t>(kWhole || j + N <= t.columns ? N : t.columns - j);
      F32 y = toBytes(toF32(load(from + j) + load(t.start + j)) * load(t.factor + j), zero, lo, hi);
      if constexpr (kOther != Residual::none) {
        const uint8_t* other = t.other + r * t.otherRow + j;
        uint8_t few[N] = {};
        if (!kWhole && n < N) {
          memcpy(few, other, n);
          other = few;
        }
        const I32 q = kOther == Residual::u8 ? loadU8(other) : loadI8(reinterpret_cast<const int8_t*>(other));
        const F32 own = (y - set1(p.ownZero)) * set1(p.ownScale);
        const F32 sum = own + (toF32(q) - set1(p.otherZero)) * set1(p.otherScale);
        y = toBytes(sum / set1(p.divisor), set1(p.sumZero), set1(p.sumLo), set1(p.sumHi));
      }
      if (kWhole || n == N) {
        storeU8(to + j, truncI32(y));
      } else {
        uint8_t few[N];
        storeU8(few, truncI32(y));
        memcpy(to + j, few, n);
      }
    }
  }
}

template <Residual kOther>
inline void quantizeTile(const NarrowParams& p, const IntTile& t) {
  if (t.columns % static_cast<int64_t>(I32::N) == 0) quantizeTile<kOther, true>(p, t);
  else quantizeTile<kOther, false>(p, t);
}

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
