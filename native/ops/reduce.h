// Reductions over any set of axes. Operands have equal rank; out[0] has size 1 where bit i of `axes`
// is set and any strides; the input's last axis is contiguous. Where that axis is reduced an item is
// one result, else a piece of up to kPiece neighbouring results.
//
// An Op is a struct of static functions:
//   float kStart                   neutral element of join
//   F32 map(F32 x, F32 shift)      applied to each element
//   F32 join(F32, F32)             associative; double join(double, double) the same
//   float across(F32)              joins the lanes
//   F32 finish(F32 total, float count, F32 shift)
//   bool kShift                    true: shift is the greatest element of the group, if finite, else 0
// Sums are taken in short runs whose totals are added up in double or in a second accumulator, so
// that the error does not grow with the length.
#pragma once
#include "lines.h"
#include "simd/math.h"

namespace haio::HAIO_ISA::reduce {
using namespace lines;
namespace {

struct ReduceParams {
  int32_t axes;
};
constexpr const char* kReduceSignature = "axes:i32";

struct SumOp {
  static constexpr float kStart = 0.f;
  static constexpr bool kShift = false;
  AI F32 map(F32 x, F32) { return x; }
  AI F32 join(F32 a, F32 b) { return a + b; }
  AI double join(double a, double b) { return a + b; }
  AI float across(F32 a) { return reduceAdd(a); }
  AI F32 finish(F32 total, float, F32) { return total; }
};
struct MaxOp {
  static constexpr float kStart = -kInf;
  static constexpr bool kShift = false;
  AI F32 map(F32 x, F32) { return x; }
  AI F32 join(F32 a, F32 b) { return maxNaN(a, b); }
  AI double join(double a, double b) { return a > b || a != a ? a : b; }
  AI float across(F32 a) { return any(a != a) ? kNaN : reduceMax(a); }
  AI F32 finish(F32 total, float, F32) { return total; }
};

struct Reduction {
  Nest<2> kept;     // strides of in and out; without the last axis where that is kept
  Nest<1> reduced;  // without the last loop where the last axis is reduced
  bool row;         // the last axis is reduced
  int64_t length;   // elements of the last reduced loop
  int64_t step;     // and their distance
  int64_t width;    // results of the last axis, 1 where it is reduced
  int64_t spread;   // and their distance
};

AI Reduction reductionOf(const StepArgs& a) {
  const Operand &x = a.in[0], &y = a.out[0];
  const int last = x.rank - 1;
  const int32_t axes = paramsOf<ReduceParams>(a).axes;
  const bool row = (axes >> last & 1) != 0;
  Reduction r = {{}, {}, row, 1, 1, row ? 1 : x.dims[last], y.strides[last]};
  for (int i = 0; i <= last; i++) {
    if (axes >> i & 1) r.reduced.add(x.dims[i], {x.strides[i]}, true);
    else if (i != last) r.kept.add(x.dims[i], {x.strides[i], y.strides[i]}, true);
  }
  if (r.reduced.rank > 0) {
    const int k = --r.reduced.rank;
    r.length = r.reduced.dims[k];
    r.step = r.reduced.strides[0][k];
  }
  return r;
}

// All elements of one result where the last reduced loop is contiguous.
template <class Op>
AI double foldRuns(const float* x, const Reduction& r, F32 shift) {
  constexpr int64_t kRun = 2048;
  const int64_t runs = r.length ? r.reduced.count() : 0;
  double total = static_cast<double>(Op::kStart);
  Walk<1> w = r.reduced.walk(0);
  for (int64_t i = 0; i < runs; i++, w.next())
    for (int64_t k = 0; k < r.length; k += kRun) {
      const int64_t n = r.length - k < kRun ? r.length - k : kRun;
      const F32 part = fold(
          x + w.at[0] + k, static_cast<size_t>(n), Op::kStart, [shift](F32 v) { return Op::map(v, shift); },
          [](F32 p, F32 q) { return Op::join(p, q); });
      total = Op::join(total, static_cast<double>(Op::across(part)));
    }
  return total;
}

// All elements of V·N (or n) results side by side.
template <class Op, int V, bool kFull>
AI void foldColumns(const float* x, const Reduction& r, size_t n, const F32 (&shift)[V], F32 (&total)[V]) {
  constexpr int64_t kRun = 64;
  constexpr size_t N = F32::N;
  const int64_t runs = r.length ? r.reduced.count() : 0;
  for (int v = 0; v < V; v++) total[v] = Op::kStart;
  Walk<1> w = r.reduced.walk(0);
  for (int64_t i = 0; i < runs; i++, w.next())
    for (int64_t from = 0; from < r.length; from += kRun) {
      const int64_t to = r.length - from < kRun ? r.length : from + kRun;
      F32 sum[V];
      for (int v = 0; v < V; v++) sum[v] = Op::kStart;
      const float* p = x + w.at[0] + from * r.step;
      for (int64_t k = from; k < to; k++, p += r.step)
        for (int v = 0; v < V; v++) sum[v] = Op::join(sum[v], Op::map(part<kFull>(p + v * N, n), shift[v]));
      for (int v = 0; v < V; v++) total[v] = Op::join(total[v], sum[v]);
    }
}

AI F32 finiteOrZero(F32 x) { return select(abs(x) < kInf, x, F32(0.f)); }

template <class Op>
void runReduce(const StepArgs& a) {
  const Reduction r = reductionOf(a);
  const float* in = static_cast<const float*>(a.in[0].data);
  float* out = static_cast<float*>(a.out[0].data);
  const float count = static_cast<float>(r.reduced.count() * r.length);
  const int64_t per = pieces(r.width);
  if (per == 0) return;
  Walk<2> w = r.kept.walk(a.begin / static_cast<size_t>(per));
  int64_t piece = static_cast<int64_t>(a.begin % static_cast<size_t>(per));
  for (size_t i = a.begin; i < a.end; i++) {
    if (r.row) {
      const float* x = in + w.at[0];
      F32 shift = 0.f;
      if constexpr (Op::kShift) shift = finiteOrZero(static_cast<float>(foldRuns<MaxOp>(x, r, 0.f)));
      store(out + w.at[1], Op::finish(static_cast<float>(foldRuns<Op>(x, r, shift)), count, shift), 1);
    } else {
      const int64_t from = piece * kPiece, width = r.width - from < kPiece ? r.width - from : kPiece;
      const float* x = in + w.at[0] + from;
      float* y = out + w.at[1] + from * r.spread;
      inParts<4>(static_cast<size_t>(width), [&]<int V, bool kFull>(size_t at, size_t n) {
        constexpr size_t N = F32::N;
        F32 shift[V], total[V];
        for (int v = 0; v < V; v++) shift[v] = 0.f;
        if constexpr (Op::kShift) {
          foldColumns<MaxOp, V, kFull>(x + at, r, n, shift, total);
          for (int v = 0; v < V; v++) shift[v] = finiteOrZero(total[v]);
        }
        foldColumns<Op, V, kFull>(x + at, r, n, shift, total);
        for (int v = 0; v < V; v++) {
          const F32 result = Op::finish(total[v], count, shift[v]);
          if (r.spread == 1) {
            put<kFull>(y + at + v * N, result, n);
          } else {
            float lanes[N];
            store(lanes, result);
            for (size_t k = 0; k < (kFull ? N : n); k++) y[static_cast<int64_t>(at + v * N + k) * r.spread] = lanes[k];
          }
        }
      });
    }
    if (++piece == per) {
      piece = 0;
      w.next();
    }
  }
}

template <Type kType>
const char* checkReduce(const StepArgs& a, size_t) {
  const Operand &x = a.in[0], &y = a.out[0];
  if (!x.data || !y.data || x.type != kType || y.type != kType) return "operands must have the kernel's type";
  if (x.rank != y.rank || x.rank < 1) return "operands must have one rank, at least 1";
  const int last = x.rank - 1;
  const int32_t axes = paramsOf<ReduceParams>(a).axes;
  if (axes < 0 || axes >> x.rank != 0) return "axes must be those of the input";
  if (x.dims[last] > 1 && x.strides[last] != 1) return "the input's last axis must be contiguous";
  size_t items = 1;
  for (int i = 0; i <= last; i++) {
    if (y.dims[i] != (axes >> i & 1 ? 1 : x.dims[i])) return "the output's dims do not fit";
    items *= static_cast<size_t>(i == last ? pieces(y.dims[i]) : y.dims[i]);
  }
  return a.end == items ? nullptr : "items must be the number of results or pieces";
}

// The same of integers, plainly; an Op has T start(), T join(T, T).
template <class Op, class T>
void runReducePlain(const StepArgs& a) {
  const Reduction r = reductionOf(a);
  const int64_t per = pieces(r.width), runs = r.reduced.count();
  if (per == 0) return;
  Walk<2> w = r.kept.walk(a.begin / static_cast<size_t>(per));
  int64_t piece = static_cast<int64_t>(a.begin % static_cast<size_t>(per));
  for (size_t i = a.begin; i < a.end; i++) {
    const int64_t from = piece * kPiece, to = r.width - from < kPiece ? r.width : from + kPiece;
    for (int64_t c = from; c < to; c++) {
      const T* x = static_cast<const T*>(a.in[0].data) + w.at[0] + c;
      T total = Op::template start<T>();
      Walk<1> inner = r.reduced.walk(0);
      for (int64_t k = 0; k < runs; k++, inner.next())
        for (int64_t j = 0; j < r.length; j++) total = Op::join(total, x[inner.at[0] + j * r.step]);
      static_cast<T*>(a.out[0].data)[w.at[1] + c * r.spread] = total;
    }
    if (++piece == per) {
      piece = 0;
      w.next();
    }
  }
}

}  // namespace
}  // namespace haio::HAIO_ISA::reduce

#define HAIO_REDUCE_F32(name, Op) \
  {name ".f32", kReduceSignature, sizeof(ReduceParams), 1, 1, 1, runReduce<Op>, checkReduce<Type::f32>, nullptr}
#define HAIO_REDUCE_INTEGERS(name, Op)                                                                         \
  HAIO_PORTABLE({name ".i64", kReduceSignature, sizeof(ReduceParams), 1, 1, 1, runReducePlain<Op, int64_t>,    \
                 checkReduce<Type::i64>, nullptr},                                                             \
                {name ".i32", kReduceSignature, sizeof(ReduceParams), 1, 1, 1, runReducePlain<Op, int32_t>,    \
                 checkReduce<Type::i32>, nullptr})
