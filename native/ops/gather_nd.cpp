// portable only
// gather_nd: out[b, k, i] = x[b, index[b, k, 0], …, index[b, k, n−1], i]; x [B, d0 … d(n−1), I],
// index [B, K, n], out [B, K, I]. Any strides. An item is one (b, k).
#include "moving.h"

namespace haio::HAIO_ISA::gather_nd {
namespace {
using namespace moving;

template <class T>
void run(const StepArgs& a) {
  if (a.begin >= a.end) return;
  const Operand &x = a.in[0], &index = a.in[1], &out = a.out[0];
  const int n = x.rank - 2;
  const int64_t count = index.dims[1], length = out.dims[2], step = x.strides[n + 1];
  withIndices(index, [&](const auto* indices) {
    for (size_t item = a.begin; item < a.end; item++) {
      const int64_t b = static_cast<int64_t>(item) / count, k = static_cast<int64_t>(item) % count;
      const auto* one = indices + b * index.strides[0] + k * index.strides[1];
      T* y = static_cast<T*>(out.data) + b * out.strides[0] + k * out.strides[1];
      const T* from = static_cast<const T*>(x.data) + b * x.strides[0];
      bool empty = false;
      for (int d = 0; d < n; d++) {
        const int64_t i = one[d * index.strides[2]];
        if (x.dims[1 + d] > 0)
          from += place(a, i, x.dims[1 + d]) * x.strides[1 + d];
        else {
          a.report(a.status, 1, i);
          empty = true;
        }
      }
      if (!empty && step == 1 && out.strides[2] == 1)
        copyRun(y, from, length);
      else
        for (int64_t i = 0; i < length; i++) y[i * out.strides[2]] = empty ? T(0) : from[i * step];
    }
  });
}

template <class T>
const char* check(const StepArgs& a, size_t) {
  const Operand &x = a.in[0], &index = a.in[1], &out = a.out[0];
  if (!wide<T>(x) || !wide<T>(out) || !isIndex(index)) return "operands must have the kernel's types";
  if (x.rank < 2 || index.rank != 3 || out.rank != 3) return "ranks must be at least 2, 3 and 3";
  if (index.dims[2] != x.rank - 2) return "an index must have a number for each axis of the input";
  if (x.dims[0] != out.dims[0] || index.dims[0] != out.dims[0] || index.dims[1] != out.dims[1] ||
      x.dims[x.rank - 1] != out.dims[2])
    return "the output's dims do not fit";
  const int64_t items = elements(out, 0, 2);
  return items < 0 || a.end != static_cast<size_t>(items) ? "items must be the number of rows" : nullptr;
}

#define HAIO_ROW(bits, T) {"gather_nd." bits, "", 0, 2, 2, 1, run<T>, check<T>, nullptr}
HAIO_TABLE(gather_nd, HAIO_ROW("b1", uint8_t), HAIO_ROW("b2", uint16_t), HAIO_ROW("b4", uint32_t),
           HAIO_ROW("b8", uint64_t))
#undef HAIO_ROW

}  // namespace
}  // namespace haio::HAIO_ISA::gather_nd
