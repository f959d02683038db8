// Pooling windows. Operands are [N, d0, d1, d2, C] (missing spatial axes have size 1), an item is a row
// (n, d0, d1) of the output. Places of a window outside the input are skipped, so that every output
// size is safe.
#pragma once
#include "lines.h"
#include "simd/math.h"

namespace haio::HAIO_ISA::pool {
using namespace lines;
namespace {

struct PoolParams {
  int32_t kernel[3], stride[3], dilation[3], pad[3];
};
#define HAIO_POOL_SIGNATURE                                                                              \
  "kernel0:i32,kernel1:i32,kernel2:i32,stride0:i32,stride1:i32,stride2:i32,dilation0:i32,dilation1:i32," \
  "dilation2:i32,pad0:i32,pad1:i32,pad2:i32"

// The part of a window inside the input.
struct Window {
  const float* x;     // channel 0 of its first place, of f32 inputs
  int64_t offset;     // of that, in elements
  int64_t first[3];   // position of that in the input
  int64_t count[3];   // places along each axis
  int64_t step[3];    // distance between them, in elements
  int64_t start[3];   // position of the window, maybe negative
};

AI void span(Window& w, const PoolParams& p, const Operand& x, int i, int64_t o) {
  const int64_t d = p.dilation[i], size = x.dims[i + 1];
  const int64_t start = o * p.stride[i] - p.pad[i];
  const int64_t from = start < 0 ? (-start + d - 1) / d : 0;
  const int64_t end = start < size ? (size - start + d - 1) / d : 0;
  const int64_t to = end < p.kernel[i] ? end : p.kernel[i];
  w.start[i] = start;
  w.first[i] = start + from * d;
  w.count[i] = to > from ? to - from : 0;
  w.step[i] = d * x.strides[i + 1];
}

// f(window, output pixel as an offset of out[0], n) for each pixel of the items.
template <class F>
AI void eachWindow(const StepArgs& a, const PoolParams& p, F f) {
  const Operand &x = a.in[0], &y = a.out[0];
  Window w;
  for (size_t item = a.begin; item < a.end; item++) {
    const int64_t row = static_cast<int64_t>(item);
    const int64_t o1 = row % y.dims[2], o0 = row / y.dims[2] % y.dims[1], n = row / (y.dims[2] * y.dims[1]);
    span(w, p, x, 0, o0);
    span(w, p, x, 1, o1);
    for (int64_t o2 = 0; o2 < y.dims[3]; o2++) {
      span(w, p, x, 2, o2);
      int64_t at = n * x.strides[0];
      if (w.count[0] > 0 && w.count[1] > 0 && w.count[2] > 0)
        for (int i = 0; i < 3; i++) at += w.first[i] * x.strides[i + 1];
      else
        w.count[0] = 0;
      w.offset = at;
      if (x.type == Type::f32) w.x = static_cast<const float*>(x.data) + at;
      f(w, n * y.strides[0] + o0 * y.strides[1] + o1 * y.strides[2] + o2 * y.strides[3], n);
      span(w, p, x, 0, o0);
    }
  }
}

// y[c] = finish(join of map(x) over the window's places), for all channels.
template <class Map, class Join, class Finish>
AI void poolWindow(const Window& w, float* y, size_t channels, float start, Map map_, Join join, Finish finish) {
  inParts<4>(channels, [&]<int V, bool kFull>(size_t at, size_t n) {
    constexpr size_t N = F32::N;
    F32 acc[V];
    for (int v = 0; v < V; v++) acc[v] = start;
    for (int64_t i = 0; i < w.count[0]; i++)
      for (int64_t j = 0; j < w.count[1]; j++) {
        const float* x = w.x + i * w.step[0] + j * w.step[1] + at;
        for (int64_t k = 0; k < w.count[2]; k++, x += w.step[2])
          for (int v = 0; v < V; v++) acc[v] = join(acc[v], map_(part<kFull>(x + v * N, n)));
      }
    for (int v = 0; v < V; v++) put<kFull>(y + at + v * N, finish(acc[v]), n);
  });
}

[[maybe_unused]] static const char* checkPool(const StepArgs& a, const PoolParams& p, Type type = Type::f32) {
  const Operand& x = a.in[0];
  for (size_t k = 0; k < a.outCount; k++) {
    const Operand& y = a.out[k];
    if (!x.data || !y.data || x.type != type || y.type != (k == 0 ? type : Type::i64))
      return "operands must have the kernel's types";
    if (x.rank != 5 || y.rank != 5 || x.dims[0] != y.dims[0] || x.dims[4] != y.dims[4])
      return "operands must be [N, d0, d1, d2, C]";
    if (x.dims[4] > 1 && (x.strides[4] != 1 || y.strides[4] != 1)) return "channels must be contiguous";
    for (int i = 0; i < 5; i++)
      if (y.dims[i] != a.out[0].dims[i] || x.dims[i] > INT32_MAX || y.dims[i] > INT32_MAX) return "sizes do not fit";
  }
  for (int i = 0; i < 3; i++) {
    const int32_t most = 1 << 24;
    if (p.kernel[i] < 1 || p.stride[i] < 1 || p.dilation[i] < 1 || p.kernel[i] > most || p.stride[i] > most ||
        p.dilation[i] > most || p.pad[i] < -most || p.pad[i] > most)
      return "the window's parameters are out of range";
  }
  const int64_t rows = a.out[0].dims[0] * a.out[0].dims[1] * a.out[0].dims[2];
  return a.end == static_cast<size_t>(rows) ? nullptr : "items must be the rows of the output";
}

}  // namespace
}  // namespace haio::HAIO_ISA::pool
