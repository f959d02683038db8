// portable only
// scatter_nd: out[index[k, 0], …, index[k, n−1], i] ← updates[k, i] for k in order; out
// [d0 … d(n−1), I] already holds the tensor that is updated, index [K, n], updates [K, I]. Any strides.
// An item is kWidth neighbouring i.
#include "scatter.h"

namespace haio::HAIO_ISA::scatter_nd {
namespace {
using namespace moving;
using namespace scatter;

constexpr int64_t kWidth = 256;  // WIDTH of lib/ops/scatter-nd.ts

struct Params {
  int32_t reduction;
};

template <class T>
void run(const StepArgs& a) {
  const Operand &index = a.in[0], &updates = a.in[1], &out = a.out[0];
  const int n = out.rank - 1;
  const int32_t reduction = paramsAs<Params>(a).reduction;
  const int64_t first = static_cast<int64_t>(a.begin) * kWidth;
  const int64_t end =
      static_cast<int64_t>(a.end) * kWidth < out.dims[n] ? static_cast<int64_t>(a.end) * kWidth : out.dims[n];
  withIndices(index, [&](const auto* indices) {
    for (int64_t k = 0; k < index.dims[0]; k++) {
      const auto* one = indices + k * index.strides[0];
      T* to = static_cast<T*>(out.data);
      bool empty = false;
      for (int d = 0; d < n; d++) {
        const int64_t i = one[d * index.strides[1]];
        if (out.dims[d] > 0)
          to += place(a, i, out.dims[d]) * out.strides[d];
        else {
          a.report(a.status, 1, i);
          empty = true;
        }
      }
      if (empty) continue;
      const T* from = static_cast<const T*>(updates.data) + k * updates.strides[0];
      if (reduction == kNone && updates.strides[1] == 1 && out.strides[n] == 1) {
        copyRun(to + first, from + first, end - first);
        continue;
      }
      for (int64_t i = first; i < end; i++) {
        T& y = to[i * out.strides[n]];
        y = join(y, from[i * updates.strides[1]], reduction);
      }
    }
  });
}

template <class T>
const char* check(const StepArgs& a, size_t) {
  const Operand &index = a.in[0], &updates = a.in[1], &out = a.out[0];
  if (!isIndex(index) || !fits<T>(updates) || !fits<T>(out)) return "operands must have the kernel's types";
  if (!reduces<T>(paramsAs<Params>(a).reduction)) return "unknown reduction";
  if (out.rank < 1 || index.rank != 2 || updates.rank != 2) return "ranks must be at least 1, 2 and 2";
  if (index.dims[1] != out.rank - 1 || index.dims[0] != updates.dims[0] ||
      updates.dims[1] != out.dims[out.rank - 1])
    return "the dims do not fit";
  if (!writable(out)) return "the output repeats";
  const int64_t length = out.dims[out.rank - 1];
  if (length > kMaxElements) return "too many elements";
  return a.end != static_cast<size_t>((length + kWidth - 1) / kWidth) ? "items must be the number of pieces"
                                                                      : nullptr;
}

HAIO_SCATTER(scatter_nd, "reduction:i32")

}  // namespace
}  // namespace haio::HAIO_ISA::scatter_nd
