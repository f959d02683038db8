// portable only
// pad: out[i0, i1, …] = x[i0 − before0, …] where that is inside of x, and beyond it as the mode says:
// the value in[0], x (in[1]) mirrored without its edge, its edge, or x repeated. Without x (constant
// only) the part that is inside already stands in out. Any strides; negative `before` cuts off. An item is
// one row.
#include "moving.h"

namespace haio::HAIO_ISA::pad {
namespace {
using namespace moving;

// Numbering of MODES in lib/ops/pad.ts.
enum Mode : int32_t { kConstant, kReflect, kEdge, kWrap };

struct Params {
  int32_t mode;
  int64_t before[kMaxRank], size[kMaxRank];
};

// The place in x of position i − before of an axis, or −1 where there is none.
AI int64_t source(int64_t i, int64_t size, int32_t mode) {
  if (i >= 0 && i < size) return i;
  if (mode == kConstant || size == 0) return -1;
  if (mode == kEdge) return i < 0 ? 0 : size - 1;
  const int64_t period = mode == kWrap ? size : size > 1 ? 2 * (size - 1) : 1;
  const int64_t r = i % period < 0 ? i % period + period : i % period;
  return r < size ? r : period - r;
}

template <class T>
void run(const StepArgs& a) {
  const Params& p = paramsAs<Params>(a);
  const Operand &x = a.in[1], &out = a.out[0];
  const int last = out.rank - 1;
  const T value = *static_cast<const T*>(a.in[0].data);
  const T* from = static_cast<const T*>(x.data);
  const int64_t n = out.dims[last], step = out.strides[last], before = p.before[last], size = p.size[last];
  const int64_t xStep = from ? x.strides[last] : 0;
  // out[first … end − 1] of a row are inside of x
  const int64_t first = before < 0 ? 0 : before < n ? before : n;
  const int64_t stop = before + size < n ? before + size : n, end = stop > first ? stop : first;
  const auto fill = [&](T* y, int64_t i, int64_t to) {
    for (; i < to; i++) y[i * step] = value;
  };
  Walk<1> w;
  w.strides[0] = out.strides;
  w.start(last, out.dims, a.begin);
  for (size_t row = a.begin; row < a.end; row++, w.next()) {
    T* y = static_cast<T*>(out.data) + w.at[0];
    const T* row0 = from;
    bool inside = true;
    for (int d = 0; d < last; d++) {
      const int64_t s = source(w.index[d] - p.before[d], p.size[d], p.mode);
      if (s < 0)
        inside = false;
      else if (from)
        row0 += s * x.strides[d];
    }
    if (!inside) {
      fill(y, 0, n);
      continue;
    }
    if (p.mode == kConstant || size == 0) {
      fill(y, 0, first);
      fill(y, end, n);
    } else {
      for (int64_t i = 0; i < n; i++) {
        if (i == first) i = end;
        if (i < n) y[i * step] = row0[source(i - before, size, p.mode) * xStep];
      }
    }
    if (!from || end == first) continue;
    if (step == 1 && xStep == 1)
      copyRun(y + first, row0 + (first - before), end - first);
    else
      for (int64_t i = first; i < end; i++) y[i * step] = row0[(i - before) * xStep];
  }
}

template <class T>
const char* check(const StepArgs& a, size_t) {
  const Params& p = paramsAs<Params>(a);
  const Operand &value = a.in[0], &x = a.in[1], &out = a.out[0];
  if (!wide<T>(out) || !wide<T>(value) || (present(x) && !wide<T>(x)))
    return "operands must have the kernel's types";
  if (out.rank < 1 || (present(x) && x.rank != out.rank)) return "operands must have one rank, at least 1";
  if (elements(value) != 1) return "the value must be one element";
  if (p.mode < kConstant || p.mode > kWrap || (p.mode != kConstant && !present(x))) return "unknown mode";
  for (int d = 0; d < out.rank; d++) {
    if (p.size[d] < 0 || p.size[d] > kMaxElements || p.before[d] < -kMaxElements ||
        p.before[d] > kMaxElements)
      return "sizes out of range";
    if (present(x) && x.dims[d] != p.size[d]) return "the input's dims do not fit";
  }
  const int64_t items = elements(out, 0, out.rank - 1);
  if (out.dims[out.rank - 1] > kMaxElements) return "too many elements";
  return items < 0 || a.end != static_cast<size_t>(items) ? "items must be the number of rows" : nullptr;
}

#define HAIO_ROW(bits, T)                                                                          \
  {"pad." bits,                                                                                    \
   "mode:i32,before0:i64,before1:i64,before2:i64,before3:i64,before4:i64,before5:i64,before6:i64," \
   "before7:i64,size0:i64,size1:i64,size2:i64,size3:i64,size4:i64,size5:i64,size6:i64,size7:i64",  \
   sizeof(Params),                                                                                 \
   1,                                                                                              \
   2,                                                                                              \
   1,                                                                                              \
   run<T>,                                                                                         \
   check<T>,                                                                                       \
   nullptr}
HAIO_TABLE(pad, HAIO_ROW("b1", uint8_t), HAIO_ROW("b2", uint16_t), HAIO_ROW("b4", uint32_t),
           HAIO_ROW("b8", uint64_t))
#undef HAIO_ROW

}  // namespace
}  // namespace haio::HAIO_ISA::pad
