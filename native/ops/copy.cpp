// copy: out[i] = in[i] for each index i; the same dims, any strides on both sides (0 repeats an
// input). Axes in the bit mask `reversed` are read backwards. The work is cut into `parts` equal
// shares of its loop nest; an item is one share.
#include "moving.h"

namespace haio::HAIO_ISA::copy {
namespace {
using namespace moving;

struct Params {
  int32_t parts, reversed;
};

// Loops from the outermost to the innermost, without axes of size 1, adjacent ones merged.
struct Nest {
  int rank;
  int64_t dims[kMaxRank], in[kMaxRank], out[kMaxRank];
};

// `offset`: of the first input element, in elements.
Nest nestOf(const Operand& in, const Operand& out, int32_t reversed, int64_t& offset) {
  offset = 0;
  Nest s = {0, {}, {}, {}};
  for (int i = 0; i < in.rank; i++) {
    if (in.dims[i] == 1) continue;
    const bool back = reversed >> i & 1;
    if (back && in.dims[i] > 0) offset += (in.dims[i] - 1) * in.strides[i];
    // by stride of the output, so that writes run forwards whatever the order of the axes is
    int at = s.rank++;
    for (; at > 0 && s.out[at - 1] < out.strides[i]; at--) {
      s.dims[at] = s.dims[at - 1];
      s.in[at] = s.in[at - 1];
      s.out[at] = s.out[at - 1];
    }
    s.dims[at] = in.dims[i];
    s.in[at] = back ? -in.strides[i] : in.strides[i];
    s.out[at] = out.strides[i];
  }
  Nest n = {0, {}, {}, {}};
  for (int i = 0; i < s.rank; i++) {
    int last = n.rank - 1;
    if (last >= 0 && n.in[last] == s.in[i] * s.dims[i] && n.out[last] == s.out[i] * s.dims[i]) {
      n.dims[last] *= s.dims[i];
    } else {
      last = n.rank++;
      n.dims[last] = s.dims[i];
    }
    n.in[last] = s.in[i];
    n.out[last] = s.out[i];
  }
  if (n.rank == 0) n = {1, {1}, {1}, {1}};
  return n;
}

// Takes axis `at` out of the nest.
void drop(Nest& n, int at) {
  n.rank--;
  for (int i = at; i < n.rank; i++) {
    n.dims[i] = n.dims[i + 1];
    n.in[i] = n.in[i + 1];
    n.out[i] = n.out[i + 1];
  }
}

int64_t count(const Nest& n) {
  int64_t c = 1;
  for (int i = 0; i < n.rank; i++) c *= n.dims[i];
  return c;
}

// Calls body(in, out, k) for the units from…to of (outer loops × inner), where `inner` units belong
// to each turn of the outer loops: k counts from `first` and `turns` consecutive ones are given.
template <class T, class Body>
inline void each(const Nest& outer, int64_t inner, int64_t from, int64_t to, const T* in, T* out, Body body) {
  int64_t index[kMaxRank];
  int64_t rest = from / inner, k = from % inner;
  for (int i = outer.rank - 1; i >= 0; i--) {
    index[i] = rest % outer.dims[i];
    rest /= outer.dims[i];
    in += index[i] * outer.in[i];
    out += index[i] * outer.out[i];
  }
  while (from < to) {
    const int64_t turns = inner - k < to - from ? inner - k : to - from;
    body(in, out, k, turns);
    from += turns;
    k = 0;
    for (int i = outer.rank - 1; i >= 0; i--) {
      in += outer.in[i];
      out += outer.out[i];
      if (++index[i] < outer.dims[i]) break;
      in -= outer.in[i] * outer.dims[i];
      out -= outer.out[i] * outer.dims[i];
      index[i] = 0;
    }
  }
}

// 16-byte registers and the interleaving of their halves: log2(N) rounds transpose N × N elements.
template <class T>
struct Lanes;
template <>
struct Lanes<uint8_t> {
  typedef uint8_t V __attribute__((vector_size(16)));
  static V lo(V a, V b) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  }
  static V hi(V a, V b) {
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  }
};
template <>
struct Lanes<uint16_t> {
  typedef uint16_t V __attribute__((vector_size(16)));
  static V lo(V a, V b) { return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11); }
  static V hi(V a, V b) { return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15); }
};
template <>
struct Lanes<uint32_t> {
  typedef uint32_t V __attribute__((vector_size(16)));
  static V lo(V a, V b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
  static V hi(V a, V b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }
};
template <>
struct Lanes<uint64_t> {
  typedef uint64_t V __attribute__((vector_size(16)));
  static V lo(V a, V b) { return __builtin_shufflevector(a, b, 0, 2); }
  static V hi(V a, V b) { return __builtin_shufflevector(a, b, 1, 3); }
};

// out[r·outStride + c] = in[c·inStride + r] for r, c < N.
template <class T>
inline __attribute__((always_inline)) void turn(const T* in, int64_t inStride, T* out, int64_t outStride) {
  using L = Lanes<T>;
  constexpr int N = 16 / sizeof(T);
  typename L::V a[N], b[N];
#pragma GCC unroll 16
  for (int i = 0; i < N; i++) memcpy(&a[i], in + i * inStride, 16);
#pragma GCC unroll 4
  for (int s = 1; s < N; s *= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < N / 2; i++) {
      b[2 * i] = L::lo(a[i], a[i + N / 2]);
      b[2 * i + 1] = L::hi(a[i], a[i + N / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < N; i++) a[i] = b[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < N; i++) memcpy(out + i * outStride, &a[i], 16);
}

// A square of whole cache lines by way of a buffer: each line is touched once, so it does not matter
// that lines at strides of large powers of two share one set of L1.
template <class T>
inline void turnSquare(const T* in, int64_t inStride, T* out, int64_t outStride) {
  constexpr int64_t N = 16 / sizeof(T), kLine = 64 / sizeof(T);
  alignas(64) T from[kLine * kLine], to[kLine * kLine];
  for (int64_t c = 0; c < kLine; c++) memcpy(from + c * kLine, in + c * inStride, 64);
  for (int64_t c = 0; c < kLine; c += N)
    for (int64_t r = 0; r < kLine; r += N) turn(from + c * kLine + r, kLine, to + r * kLine + c, kLine);
  for (int64_t r = 0; r < kLine; r++) memcpy(out + r * outStride, to + r * kLine, 64);
}

// out[r·outStride + c] = in[c·inStride + r]: by squares of cache lines, so that each line is read and
// written while it is in L1; the last registers of a side overlap the ones before. Where the lines of
// one side share few sets of L1, the other side's loop is the inner one.
template <class T>
void turnBlock(const T* in, int64_t inStride, T* out, int64_t outStride, int64_t rows, int64_t cols) {
  constexpr int64_t N = 16 / sizeof(T), kLine = 64 / sizeof(T), kSets = 2048 / sizeof(T);
  if (rows < N || cols < N) {
    for (int64_t r = 0; r < rows; r++)
      for (int64_t c = 0; c < cols; c++) out[r * outStride + c] = in[c * inStride + r];
    return;
  }
  const auto at = [&](int64_t r1, int64_t c1) {
    const int64_t r = r1 + N <= rows ? r1 : rows - N, c = c1 + N <= cols ? c1 : cols - N;
    turn(in + c * inStride + r, inStride, out + r * outStride + c, outStride);
  };
  const bool byRows = outStride % kSets == 0, buffered = byRows && inStride % kSets == 0;
  for (int64_t r0 = 0; r0 < rows; r0 += kLine)
    for (int64_t c0 = 0; c0 < cols; c0 += kLine) {
      const int64_t r2 = r0 + kLine < rows ? r0 + kLine : rows, c2 = c0 + kLine < cols ? c0 + kLine : cols;
      if (buffered && r2 - r0 == kLine && c2 - c0 == kLine) {
        turnSquare(in + c0 * inStride + r0, inStride, out + r0 * outStride + c0, outStride);
      } else if (byRows) {
        for (int64_t r = r0; r < r2; r += N)
          for (int64_t c = c0; c < c2; c += N) at(r, c);
      } else {
        for (int64_t c = c0; c < c2; c += N)
          for (int64_t r = r0; r < r2; r += N) at(r, c);
      }
    }
}

template <class T, int kStride>
inline void pickRun(const T* in, T* out, int64_t n) {
  for (int64_t i = 0; i < n; i++) out[i] = in[i * kStride];
}

// One run of the innermost loop, whatever its strides.
template <class T>
inline void run1(const T* in, int64_t inStride, T* out, int64_t outStride, int64_t n) {
  if (outStride != 1) {
    for (int64_t i = 0; i < n; i++) out[i * outStride] = in[i * inStride];
    return;
  }
  switch (inStride) {
    case 0: {
      const T v = *in;
      for (int64_t i = 0; i < n; i++) out[i] = v;
      break;
    }
    case 1:
      copyRun(out, in, n);
      break;
    case 2:
      pickRun<T, 2>(in, out, n);
      break;
    case 3:
      pickRun<T, 3>(in, out, n);
      break;
    case 4:
      pickRun<T, 4>(in, out, n);
      break;
    default:
      for (int64_t i = 0; i < n; i++) out[i] = in[i * inStride];
  }
}

// Rows of planes side by side become rows of pixels: out[r·C + c] = in[c·inStride + r].
template <class T, int C>
inline void interleave(const T* in, int64_t inStride, T* out, int64_t rows) {
  for (int64_t r = 0; r < rows; r++)
    for (int c = 0; c < C; c++) out[r * C + c] = in[c * inStride + r];
}

template <class T>
void run(const StepArgs& a) {
  if (a.begin >= a.end) return;
  const T* in = static_cast<const T*>(a.in[0].data);
  T* out = static_cast<T*>(a.out[0].data);
  int64_t offset;
  Nest nest = nestOf(a.in[0], a.out[0], paramsAs<Params>(a).reversed, offset);
  if (count(nest) == 0) return;
  in += offset;
  const int64_t parts = paramsAs<Params>(a).parts;
  const auto begin = [&](int64_t total) { return share(total, (int64_t)a.begin, parts); };
  const auto end = [&](int64_t total) { return share(total, (int64_t)a.end, parts); };

  const int last = nest.rank - 1;
  const int64_t n = nest.dims[last], inStep = nest.in[last], outStep = nest.out[last];
  int other = -1;  // the axis along which the input is contiguous, where it is not the innermost
  for (int i = 0; i < last && outStep == 1 && inStep > 1; i++)
    if (nest.in[i] == 1) other = i;
  if (other >= 0 && nest.dims[other] > 4) {
    const int64_t rows = nest.dims[other], rowStep = nest.out[other];
    drop(nest, last);
    drop(nest, other);
    if (n <= 4 && rowStep == n) {
      constexpr int64_t kRows = 4096;
      const int64_t inner = (rows + kRows - 1) / kRows, total = count(nest) * inner;
      each(nest, inner, begin(total), end(total), in, out, [&](const T* x, T* y, int64_t k, int64_t turns) {
        const int64_t r0 = k * kRows, r1 = (k + turns) * kRows < rows ? (k + turns) * kRows : rows;
        x += r0;
        y += r0 * n;
        if (n == 2) interleave<T, 2>(x, inStep, y, r1 - r0);
        if (n == 3) interleave<T, 3>(x, inStep, y, r1 - r0);
        if (n == 4) interleave<T, 4>(x, inStep, y, r1 - r0);
      });
      return;
    }
    constexpr int64_t kSide = 64;
    const int64_t across = (n + kSide - 1) / kSide, down = (rows + kSide - 1) / kSide;
    const int64_t inner = across * down, total = count(nest) * inner;
    each(nest, inner, begin(total), end(total), in, out, [&](const T* x, T* y, int64_t k, int64_t turns) {
      for (int64_t u = k; u < k + turns; u++) {
        const int64_t r = u / across * kSide, c = u % across * kSide;
        turnBlock(x + c * inStep + r, inStep, y + r * rowStep + c, rowStep,
                  rows - r < kSide ? rows - r : kSide, n - c < kSide ? n - c : kSide);
      }
    });
    return;
  }

  int64_t rows = 1, inRow = 0, outRow = 0;
  if (last > 0) {
    rows = nest.dims[last - 1];
    inRow = nest.in[last - 1];
    outRow = nest.out[last - 1];
    drop(nest, last - 1);
  }
  drop(nest, nest.rank - 1);
  constexpr int64_t kChunk = 16384 / sizeof(T);
  const int64_t chunks = (n + kChunk - 1) / kChunk, inner = rows * chunks, total = count(nest) * inner;
  each(nest, inner, begin(total), end(total), in, out, [&](const T* x, T* y, int64_t k, int64_t turns) {
    if (chunks == 1) {
      for (int64_t r = k; r < k + turns; r++) run1(x + r * inRow, inStep, y + r * outRow, outStep, n);
      return;
    }
    for (int64_t u = k; u < k + turns; u++) {
      const int64_t r = u / chunks, i = u % chunks * kChunk;
      run1(x + r * inRow + i * inStep, inStep, y + r * outRow + i * outStep, outStep,
           n - i < kChunk ? n - i : kChunk);
    }
  });
}

template <class T>
const char* check(const StepArgs& a, size_t) {
  const Operand &in = a.in[0], &out = a.out[0];
  if (!present(in) || !present(out)) return "operand missing";
  if (widthOf(in.type) != sizeof(T) || widthOf(out.type) != sizeof(T)) return "element width";
  if (!sameDims(in, out)) return "dims of input and output differ";
  if (elements(out) < 0) return "too many elements";
  if (!writable(out)) return "output repeats";
  const int64_t parts = paramsAs<Params>(a).parts;
  return parts < 0 || a.end > (size_t)parts ? "items exceed parts" : nullptr;
}

#define HAIO_COPY(bits, T) \
  {"copy." bits, "parts:i32,reversed:i32", sizeof(Params), 1, 1, 1, run<T>, check<T>, nullptr}
HAIO_TABLE(copy, HAIO_COPY("b1", uint8_t), HAIO_COPY("b2", uint16_t), HAIO_COPY("b4", uint32_t),
           HAIO_COPY("b8", uint64_t))
#undef HAIO_COPY

}  // namespace
}  // namespace haio::HAIO_ISA::copy
