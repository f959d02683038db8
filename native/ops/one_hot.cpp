// portable only
// one_hot: out[o, d, i] = values[index[o, i] = d ? 1 : 0]; index [O, I] (negative ones count from the
// end, outside no d is hit), values [2], out [O, D, I]. Any strides. An item is one o.
#include "moving.h"

namespace haio::HAIO_ISA::one_hot {
namespace {
using namespace moving;

template <class T>
void run(const StepArgs& a) {
  const Operand &index = a.in[0], &values = a.in[1], &out = a.out[0];
  const T* value = static_cast<const T*>(values.data);
  const T off = value[0], on = value[values.strides[0]];
  const int64_t depth = out.dims[1], length = out.dims[2];
  withIndices(index, [&](const auto* indices) {
    for (size_t o = a.begin; o < a.end; o++) {
      T* y = static_cast<T*>(out.data) + static_cast<int64_t>(o) * out.strides[0];
      for (int64_t d = 0; d < depth; d++)
        for (int64_t i = 0; i < length; i++) y[d * out.strides[1] + i * out.strides[2]] = off;
      for (int64_t i = 0; i < length; i++) {
        const int64_t k = indices[static_cast<int64_t>(o) * index.strides[0] + i * index.strides[1]];
        if (k >= -depth && k < depth) y[(k < 0 ? k + depth : k) * out.strides[1] + i * out.strides[2]] = on;
      }
    }
  });
}

template <class T>
const char* check(const StepArgs& a, size_t) {
  const Operand &index = a.in[0], &values = a.in[1], &out = a.out[0];
  if (!isIndex(index) || !wide<T>(values) || !wide<T>(out)) return "operands must have the kernel's types";
  if (index.rank != 2 || values.rank != 1 || out.rank != 3) return "ranks must be 2, 1 and 3";
  if (values.dims[0] != 2 || index.dims[0] != out.dims[0] || index.dims[1] != out.dims[2])
    return "the dims do not fit";
  if (elements(out) < 0) return "too many elements";
  return a.end != static_cast<size_t>(out.dims[0]) ? "items must be the outer size" : nullptr;
}

#define HAIO_ROW(bits, T) {"one_hot." bits, "", 0, 2, 2, 1, run<T>, check<T>, nullptr}
HAIO_TABLE(one_hot, HAIO_ROW("b1", uint8_t), HAIO_ROW("b2", uint16_t), HAIO_ROW("b4", uint32_t),
           HAIO_ROW("b8", uint64_t))
#undef HAIO_ROW

}  // namespace
}  // namespace haio::HAIO_ISA::one_hot
