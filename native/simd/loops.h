// Loops over rows: unrolling and tails once. A row is n contiguous floats of any alignment; nothing
// outside [0, n) is touched. `f` takes and gives F32 (or one F32 per operand).
#pragma once
#include "kernel.h"
#include "vec.h"

namespace haio::HAIO_ISA {
namespace {

// y[i] = f(x[i]); y may be x.
template <class F>
AI void map(const float* x, float* y, size_t n, F f) {
  constexpr size_t N = F32::N;
  size_t i = 0;
  for (; i + 2 * N <= n; i += 2 * N) {
    const F32 a = f(load(x + i)), b = f(load(x + i + N));
    store(y + i, a);
    store(y + i + N, b);
  }
  for (; i < n; i += N) {
    const size_t m = n - i < N ? n - i : N;
    store(y + i, f(load(x + i, m)), m);
  }
}

// y[i] = f(a[i], b[i]); y may be a or b.
template <class F>
AI void zip(const float* a, const float* b, float* y, size_t n, F f) {
  constexpr size_t N = F32::N;
  size_t i = 0;
  for (; i + N <= n; i += N) store(y + i, f(load(a + i), load(b + i)));
  if (i < n) store(y + i, f(load(a + i, n - i), load(b + i, n - i)), n - i);
}

// All y[i] = value.
AI void fill(float* y, size_t n, float value) {
  constexpr size_t N = F32::N;
  size_t i = 0;
  for (; i + N <= n; i += N) store(y + i, set1(value));
  if (i < n) store(y + i, set1(value), n - i);
}

// Folds f(x[i]) by `join` from `start`, in four interleaved parts; `start` must be neutral.
template <class F, class J>
AI F32 fold(const float* x, size_t n, F32 start, F f, J join) {
  constexpr size_t N = F32::N;
  F32 a = start, b = start, c = start, d = start;
  size_t i = 0;
  for (; i + 4 * N <= n; i += 4 * N) {
    a = join(a, f(load(x + i)));
    b = join(b, f(load(x + i + N)));
    c = join(c, f(load(x + i + 2 * N)));
    d = join(d, f(load(x + i + 3 * N)));
  }
  for (; i + N <= n; i += N) a = join(a, f(load(x + i)));
  if (i < n) b = join(b, select(firstN(n - i), f(load(x + i, n - i)), start));
  return join(join(a, b), join(c, d));
}
template <class F>
AI float sumOf(const float* x, size_t n, F f) {
  return reduceAdd(fold(x, n, 0.f, f, [](F32 a, F32 b) { return a + b; }));
}
AI float sum(const float* x, size_t n) {
  return sumOf(x, n, [](F32 v) { return v; });
}
// Greatest and least element; −∞ and ∞ for n = 0. NaN elements: unspecified.
AI float greatest(const float* x, size_t n) {
  return reduceMax(
      fold(x, n, -__builtin_inff(), [](F32 v) { return v; }, [](F32 a, F32 b) { return max(a, b); }));
}
AI float least(const float* x, size_t n) {
  return reduceMin(
      fold(x, n, __builtin_inff(), [](F32 v) { return v; }, [](F32 a, F32 b) { return min(a, b); }));
}

// y[i] = f(x[i]) and the sum of the results; y may be x.
template <class F>
AI float mapSum(const float* x, float* y, size_t n, F f) {
  constexpr size_t N = F32::N;
  F32 s = 0.f, t = 0.f;
  size_t i = 0;
  for (; i + 2 * N <= n; i += 2 * N) {
    const F32 a = f(load(x + i)), b = f(load(x + i + N));
    store(y + i, a);
    store(y + i + N, b);
    s = s + a;
    t = t + b;
  }
  for (; i < n; i += N) {
    const size_t m = n - i < N ? n - i : N;
    const F32 a = f(load(x + i, m));
    store(y + i, a, m);
    s = s + select(firstN(m), a, 0.f);
  }
  return reduceAdd(s + t);
}

// Element offsets of K operands that share `dims`, over their leading `rank` dimensions in row-major order.
template <int K>
struct Walk {
  int64_t at[K] = {};  // of the current position
  int rank;
  const int64_t* dims;
  const int64_t* strides[K];
  int64_t index[kMaxRank] = {};

  [[gnu::always_inline]] void start(int rank_, const int64_t* dims_, size_t position) {
    rank = rank_;
    dims = dims_;
    for (int d = rank - 1; d >= 0; d--) {
      index[d] = dims[d] > 0 ? static_cast<int64_t>(position % static_cast<size_t>(dims[d])) : 0;
      if (dims[d] > 0) position /= static_cast<size_t>(dims[d]);
      for (int k = 0; k < K; k++) at[k] += index[d] * strides[k][d];
    }
  }
  [[gnu::always_inline]] void next() {
    for (int d = rank - 1; d >= 0; d--) {
      for (int k = 0; k < K; k++) at[k] += strides[k][d];
      if (++index[d] < dims[d]) return;
      for (int k = 0; k < K; k++) at[k] -= strides[k][d] * dims[d];
      index[d] = 0;
    }
  }
};

// Rows begin … end − 1 of in[0] and out[0] of the same dims (the row is the last dimension, contiguous):
// f(const X* x, Y* y, size_t n).
template <class X = float, class Y = float, class F>
AI void rows(const StepArgs& a, F f) {
  const Operand &x = a.in[0], &y = a.out[0];
  const int outer = x.rank > 0 ? x.rank - 1 : 0;
  const size_t n = x.rank > 0 ? static_cast<size_t>(x.dims[outer]) : 1;
  Walk<2> walk;
  walk.strides[0] = x.strides;
  walk.strides[1] = y.strides;
  walk.start(outer, x.dims, a.begin);
  for (size_t i = a.begin; i < a.end; i++, walk.next())
    f(static_cast<const X*>(x.data) + walk.at[0], static_cast<Y*>(y.data) + walk.at[1], n);
}

// The CheckFn of a kernel that uses rows(): types, equal dims, contiguous rows, items = number of rows.
[[maybe_unused]] static const char* checkRows(const StepArgs& a, Type in, Type out) {
  const Operand &x = a.in[0], &y = a.out[0];
  if (!x.data || !y.data || x.type != in || y.type != out || x.rank != y.rank)
    return "operands must have one rank and the kernel's types";
  size_t count = 1;
  for (int d = 0; d < x.rank; d++) {
    if (x.dims[d] != y.dims[d]) return "output must have the input's dims";
    const bool last = d == x.rank - 1;
    if (last && x.dims[d] > 1 && (x.strides[d] != 1 || y.strides[d] != 1)) return "rows must be contiguous";
    if (!last) count *= static_cast<size_t>(x.dims[d]);
  }
  return a.end == count ? nullptr : "items must be the number of rows";
}

}  // namespace
}  // namespace haio::HAIO_ISA
