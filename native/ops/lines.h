// For kernels that work along one axis of in[0], with out[0] of the same dims (or of size 1 there).
// Where the axis is the last one an item is one line; else it is a piece: up to kPiece neighbouring
// elements of the last axis, with all their lines.
#pragma once
#include "simd/loops.h"

// Rows that only the portable ISA has: scalar code gains nothing from being compiled for each.
#if HAIO_ISA_PORTABLE
#define HAIO_PORTABLE(...) __VA_ARGS__
#else
#define HAIO_PORTABLE(...)
#endif

namespace haio::HAIO_ISA::lines {
namespace {

constexpr int64_t kPiece = 64;  // PIECE of lib/ops/along-axis.ts

AI int64_t pieces(int64_t width) { return (width + kPiece - 1) / kPiece; }

template <class P>
AI const P& paramsOf(const StepArgs& a) {
  return *static_cast<const P*>(a.params);
}

// Loops of some axes of K operands that share them, the outermost first; axes of size 1 are left out
// and neighbours are merged where all strides allow it. Positions of unmerged loops count row-major.
template <int K>
struct Nest {
  int rank = 0;
  int64_t dims[kMaxRank];
  int64_t strides[K][kMaxRank];

  void add(int64_t size, const int64_t (&steps)[K], bool merge) {
    if (size == 1) return;
    if (merge && rank > 0) {
      bool fits = true;
      for (int k = 0; k < K; k++) fits = fits && strides[k][rank - 1] == steps[k] * size;
      if (fits) {
        dims[rank - 1] *= size;
        for (int k = 0; k < K; k++) strides[k][rank - 1] = steps[k];
        return;
      }
    }
    dims[rank] = size;
    for (int k = 0; k < K; k++) strides[k][rank] = steps[k];
    rank++;
  }
  int64_t count() const {
    int64_t n = 1;
    for (int i = 0; i < rank; i++) n *= dims[i];
    return n;
  }
  Walk<K> walk(size_t position) const {
    Walk<K> w;
    for (int k = 0; k < K; k++) w.strides[k] = strides[k];
    w.start(rank, dims, position);
    return w;
  }
};

struct Lines {
  Nest<2> outer;   // all other axes; without the last one where that is not the axis
  int64_t length;  // of a line
  int64_t width;   // of the last axis where it is not the axis, else 1
  int64_t in, out;  // distance between the elements of a line, and between pieces' rows
};

AI Lines linesOf(const StepArgs& a, int axis) {
  const Operand &x = a.in[0], &y = a.out[0];
  const int last = x.rank - 1;
  Lines l = {{}, x.dims[axis], axis == last ? 1 : x.dims[last], x.strides[axis], y.strides[axis]};
  for (int i = 0; i <= last; i++)
    if (i != axis && i != last) l.outer.add(x.dims[i], {x.strides[i], y.strides[i]}, true);
  return l;
}

// line(x, y, n) for each item's line, contiguous in x (and in y where that is as long); or
// piece(x, y, lines, width) for each item's piece.
template <class X, class Y, class Line, class Piece>
AI void alongAxis(const StepArgs& a, int axis, Line line, Piece piece) {
  const Lines l = linesOf(a, axis);
  const X* x = static_cast<const X*>(a.in[0].data);
  Y* y = static_cast<Y*>(a.out[0].data);
  if (axis == a.in[0].rank - 1) {
    Walk<2> w = l.outer.walk(a.begin);
    for (size_t i = a.begin; i < a.end; i++, w.next()) line(x + w.at[0], y + w.at[1], static_cast<size_t>(l.length));
    return;
  }
  const int64_t per = pieces(l.width);
  if (per == 0) return;
  Walk<2> w = l.outer.walk(a.begin / static_cast<size_t>(per));
  int64_t p = static_cast<int64_t>(a.begin % static_cast<size_t>(per));
  for (size_t i = a.begin; i < a.end; i++) {
    const int64_t from = p * kPiece, width = l.width - from < kPiece ? l.width - from : kPiece;
    piece(x + w.at[0] + from, y + w.at[1] + from, l, static_cast<size_t>(width));
    if (++p == per) {
      p = 0;
      w.next();
    }
  }
}

// The CheckFn of such kernels; `whole`: the output has the input's dims, else size 1 along the axis.
[[maybe_unused]] static const char* checkLines(const StepArgs& a, int axis, Type in, Type out, bool whole) {
  const Operand &x = a.in[0], &y = a.out[0];
  if (!x.data || !y.data || x.type != in || y.type != out) return "operands must have the kernel's types";
  if (x.rank != y.rank || x.rank < 1) return "operands must have one rank, at least 1";
  if (axis < 0 || axis >= x.rank) return "axis must be one of the input's";
  const int last = x.rank - 1;
  size_t items = 1;
  for (int i = 0; i <= last; i++) {
    if (y.dims[i] != (i == axis && !whole ? 1 : x.dims[i])) return "the output's dims do not fit";
    if (i == last && x.dims[i] > 1 && x.strides[i] != 1) return "the input's last axis must be contiguous";
    if (i == last && y.dims[i] > 1 && y.strides[i] != 1) return "the output's last axis must be contiguous";
    if (i != axis && i != last) items *= static_cast<size_t>(x.dims[i]);
  }
  if (axis != last) items *= static_cast<size_t>(pieces(x.dims[last]));
  return a.end == items ? nullptr : "items must be the number of lines or pieces";
}

// Calls f<V, full>(offset, count) for a row of n elements: for V whole vectors as long as there are as
// many, then for half of that, down to one; what is left comes with full = false and count < N.
template <int V, class F>
AI void inParts(size_t n, F f, size_t i = 0) {
  constexpr size_t N = F32::N;
  for (; i + V * N <= n; i += V * N) f.template operator()<V, true>(i, V * N);
  if constexpr (V > 1) {
    inParts<V / 2>(n, f, i);
  } else {
    if (i < n) f.template operator()<1, false>(i, n - i);
  }
}

template <bool kFull>
AI F32 part(const float* p, size_t n) {
  if constexpr (kFull) return load(p);
  return load(p, n);
}
template <bool kFull>
AI void put(float* p, F32 x, size_t n) {
  if constexpr (kFull) store(p, x);
  else store(p, x, n);
}

}  // namespace
}  // namespace haio::HAIO_ISA::lines
