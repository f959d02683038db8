// portable only
// gather_elements: out[…, i, …] = x[…, index[…, i, …], …] with the index on one axis; index and out
// have the same dims, on the other axes at most those of x. Any strides. An item is one row of out.
#include "moving.h"

namespace haio::HAIO_ISA::gather_elements {
namespace {
using namespace moving;

struct Params {
  int32_t axis;
};

template <class T>
void run(const StepArgs& a) {
  const Operand &x = a.in[0], &index = a.in[1], &out = a.out[0];
  const int axis = paramsAs<Params>(a).axis, last = out.rank - 1;
  const int64_t size = x.dims[axis], step = x.strides[axis];
  int64_t steps[kMaxRank];  // of x, but for the axis
  for (int i = 0; i <= last; i++) steps[i] = i == axis ? 0 : x.strides[i];
  withIndices(index, [&](const auto* indices) {
    Walk<3> w;
    w.strides[0] = steps;
    w.strides[1] = index.strides;
    w.strides[2] = out.strides;
    w.start(last, out.dims, a.begin);
    for (size_t row = a.begin; row < a.end; row++, w.next()) {
      const T* from = static_cast<const T*>(x.data) + w.at[0];
      T* y = static_cast<T*>(out.data) + w.at[2];
      for (int64_t j = 0; j < out.dims[last]; j++) {
        const int64_t i = indices[w.at[1] + j * index.strides[last]];
        T& to = y[j * out.strides[last]];
        if (size > 0)
          to = from[j * steps[last] + place(a, i, size) * step];
        else {
          a.report(a.status, 1, i);
          to = 0;
        }
      }
    }
  });
}

template <class T>
const char* check(const StepArgs& a, size_t) {
  const Operand &x = a.in[0], &index = a.in[1], &out = a.out[0];
  const int axis = paramsAs<Params>(a).axis;
  if (!wide<T>(x) || !wide<T>(out) || !isIndex(index)) return "operands must have the kernel's types";
  if (x.rank < 1 || x.rank != out.rank || !sameDims(index, out))
    return "operands must have one rank, index and output one shape";
  if (axis < 0 || axis >= x.rank) return "axis must be one of the input's";
  for (int i = 0; i < x.rank; i++)
    if (i != axis && out.dims[i] > x.dims[i]) return "the output is larger than the input";
  const int64_t items = elements(out, 0, out.rank - 1);
  return items < 0 || a.end != static_cast<size_t>(items) ? "items must be the number of rows" : nullptr;
}

#define HAIO_ROW(bits, T) \
  {"gather_elements." bits, "axis:i32", sizeof(Params), 2, 2, 1, run<T>, check<T>, nullptr}
HAIO_TABLE(gather_elements, HAIO_ROW("b1", uint8_t), HAIO_ROW("b2", uint16_t), HAIO_ROW("b4", uint32_t),
           HAIO_ROW("b8", uint64_t))
#undef HAIO_ROW

}  // namespace
}  // namespace haio::HAIO_ISA::gather_elements
