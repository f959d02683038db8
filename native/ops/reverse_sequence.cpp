// portable only
// reverse_sequence: out = x with the first lengths[b] elements along the time axis backwards, where b is
// the place on the batch axis; lengths [batch] are clamped to the axis. The same dims, any strides. An
// item is one row of the last axis.
#include "moving.h"

namespace haio::HAIO_ISA::reverse_sequence {
namespace {
using namespace moving;

struct Params {
  int32_t batch, time;
};

template <class T>
void run(const StepArgs& a) {
  const Operand &x = a.in[0], &lengths = a.in[1], &out = a.out[0];
  const Params& p = paramsAs<Params>(a);
  const int last = x.rank - 1;
  const int64_t n = x.dims[last], size = x.dims[p.time], step = x.strides[p.time];
  withIndices(lengths, [&](const auto* list) {
    // how far the source of the element at time t of batch b is from the element
    const auto distance = [&](int64_t b, int64_t t) {
      const int64_t given = list[b * lengths.strides[0]], length = given < size ? given : size;
      return t < length ? (length - 1 - 2 * t) * step : 0;
    };
    Walk<2> w;
    w.strides[0] = x.strides;
    w.strides[1] = out.strides;
    w.start(last, x.dims, a.begin);
    for (size_t row = a.begin; row < a.end; row++, w.next()) {
      const T* from = static_cast<const T*>(x.data) + w.at[0];
      T* y = static_cast<T*>(out.data) + w.at[1];
      if (p.batch != last && p.time != last) {
        from += distance(w.index[p.batch], w.index[p.time]);
        for (int64_t i = 0; i < n; i++) y[i * out.strides[last]] = from[i * x.strides[last]];
        continue;
      }
      for (int64_t i = 0; i < n; i++) {
        const int64_t b = p.batch == last ? i : w.index[p.batch], t = p.time == last ? i : w.index[p.time];
        y[i * out.strides[last]] = from[i * x.strides[last] + distance(b, t)];
      }
    }
  });
}

template <class T>
const char* check(const StepArgs& a, size_t) {
  const Operand &x = a.in[0], &lengths = a.in[1], &out = a.out[0];
  const Params& p = paramsAs<Params>(a);
  if (!wide<T>(x) || !wide<T>(out) || !isIndex(lengths)) return "operands must have the kernel's types";
  if (x.rank < 2 || !sameDims(x, out)) return "the output's dims do not fit";
  if (p.batch < 0 || p.batch >= x.rank || p.time < 0 || p.time >= x.rank || p.batch == p.time)
    return "batch and time must be two axes";
  if (lengths.rank != 1 || lengths.dims[0] != x.dims[p.batch]) return "there must be a length for each batch";
  const int64_t items = elements(x, 0, x.rank - 1);
  return items < 0 || a.end != static_cast<size_t>(items) ? "items must be the number of rows" : nullptr;
}

#define HAIO_ROW(bits, T) \
  {"reverse_sequence." bits, "batch:i32,time:i32", sizeof(Params), 2, 2, 1, run<T>, check<T>, nullptr}
HAIO_TABLE(reverse_sequence, HAIO_ROW("b1", uint8_t), HAIO_ROW("b2", uint16_t), HAIO_ROW("b4", uint32_t),
           HAIO_ROW("b8", uint64_t))
#undef HAIO_ROW

}  // namespace
}  // namespace haio::HAIO_ISA::reverse_sequence
