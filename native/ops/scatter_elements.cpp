// portable only
// scatter_elements: out[…, index[…, i, …], …] ← updates[…, i, …] with the index on one axis, in the
// order of i; out already holds the tensor that is updated. index and updates have the same dims, on
// the other axes at most those of out. Any strides. An item is one line along the axis.
#include "scatter.h"

namespace haio::HAIO_ISA::scatter_elements {
namespace {
using namespace moving;
using namespace scatter;

struct Params {
  int32_t axis, reduction;
};

template <class T>
void run(const StepArgs& a) {
  const Operand &index = a.in[0], &updates = a.in[1], &out = a.out[0];
  const Params& p = paramsAs<Params>(a);
  const int64_t length = index.dims[p.axis], size = out.dims[p.axis], step = out.strides[p.axis];
  int64_t dims[kMaxRank];
  for (int i = 0; i < index.rank; i++) dims[i] = i == p.axis ? 1 : index.dims[i];
  withIndices(index, [&](const auto* indices) {
    Walk<3> w;
    w.strides[0] = index.strides;
    w.strides[1] = updates.strides;
    w.strides[2] = out.strides;
    w.start(index.rank, dims, a.begin);
    for (size_t line = a.begin; line < a.end; line++, w.next()) {
      const T* from = static_cast<const T*>(updates.data) + w.at[1];
      T* to = static_cast<T*>(out.data) + w.at[2];
      for (int64_t i = 0; i < length; i++) {
        const int64_t k = indices[w.at[0] + i * index.strides[p.axis]];
        if (size == 0) {
          a.report(a.status, 1, k);
          continue;
        }
        T& y = to[place(a, k, size) * step];
        y = join(y, from[i * updates.strides[p.axis]], p.reduction);
      }
    }
  });
}

template <class T>
const char* check(const StepArgs& a, size_t) {
  const Operand &index = a.in[0], &updates = a.in[1], &out = a.out[0];
  const Params& p = paramsAs<Params>(a);
  if (!isIndex(index) || !fits<T>(updates) || !fits<T>(out)) return "operands must have the kernel's types";
  if (!reduces<T>(p.reduction)) return "unknown reduction";
  if (out.rank < 1 || out.rank != index.rank || !sameDims(index, updates))
    return "operands must have one rank, index and updates one shape";
  if (p.axis < 0 || p.axis >= out.rank) return "axis must be one of the output's";
  for (int i = 0; i < out.rank; i++)
    if (i != p.axis && index.dims[i] > out.dims[i]) return "the index is larger than the output";
  if (!writable(out)) return "the output repeats";
  const int64_t before = elements(index, 0, p.axis), after = elements(index, p.axis + 1, index.rank);
  if (elements(index) < 0 || before < 0 || after < 0 || (after > 0 && before > kMaxElements / after))
    return "too many elements";
  return a.end != static_cast<size_t>(before * after) ? "items must be the number of lines" : nullptr;
}

HAIO_SCATTER(scatter_elements, "axis:i32,reduction:i32")

}  // namespace
}  // namespace haio::HAIO_ISA::scatter_elements
