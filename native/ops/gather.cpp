// portable only
// gather: out[o, k, i] = x[o, index[k], i]; x [O, A, I], index [K], out [O, K, I], any strides.
// An item is one (o, k).
#include "moving.h"

namespace haio::HAIO_ISA::gather {
namespace {
using namespace moving;

template <class T>
void run(const StepArgs& a) {
  if (a.begin >= a.end) return;
  const Operand &x = a.in[0], &index = a.in[1], &out = a.out[0];
  const int64_t size = x.dims[1], length = x.dims[2], count = index.dims[0];
  const bool rows = x.strides[2] == 1 && out.strides[2] == 1;
  withIndices(index, [&](const auto* indices) {
    int64_t o = static_cast<int64_t>(a.begin) / count, k = static_cast<int64_t>(a.begin) % count;
    for (size_t item = a.begin; item < a.end; item++) {
      T* y = static_cast<T*>(out.data) + o * out.strides[0] + k * out.strides[1];
      if (size == 0) {
        a.report(a.status, 1, indices[k * index.strides[0]]);
        for (int64_t i = 0; i < length; i++) y[i * out.strides[2]] = 0;
      } else {
        const int64_t at = place(a, indices[k * index.strides[0]], size);
        const T* from = static_cast<const T*>(x.data) + o * x.strides[0] + at * x.strides[1];
        if (rows)
          copyRun(y, from, length);
        else
          for (int64_t i = 0; i < length; i++) y[i * out.strides[2]] = from[i * x.strides[2]];
      }
      if (++k == count) {
        k = 0;
        o++;
      }
    }
  });
}

template <class T>
const char* check(const StepArgs& a, size_t) {
  const Operand &x = a.in[0], &index = a.in[1], &out = a.out[0];
  if (!wide<T>(x) || !wide<T>(out) || !isIndex(index)) return "operands must have the kernel's types";
  if (x.rank != 3 || index.rank != 1 || out.rank != 3) return "ranks must be 3, 1 and 3";
  if (out.dims[0] != x.dims[0] || out.dims[1] != index.dims[0] || out.dims[2] != x.dims[2])
    return "the output's dims do not fit";
  const int64_t items = elements(out, 0, 2);
  return items < 0 || a.end != static_cast<size_t>(items) ? "items must be the number of rows" : nullptr;
}

#define HAIO_ROW(bits, T) {"gather." bits, "", 0, 2, 2, 1, run<T>, check<T>, nullptr}
HAIO_TABLE(gather, HAIO_ROW("b1", uint8_t), HAIO_ROW("b2", uint16_t), HAIO_ROW("b4", uint32_t),
           HAIO_ROW("b8", uint64_t))
#undef HAIO_ROW

}  // namespace
}  // namespace haio::HAIO_ISA::gather
