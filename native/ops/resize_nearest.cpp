// portable only
// resize_nearest: out[p, h, w, :] = x[p, rows[h], columns[w], :]; x [P, H, W, C], rows [H', 1],
// columns [W', 1] (absent: W' = W, as they are), out [P, H', W', C]. Rows of C contiguous. Places
// outside are moved inside. An item is one (p, h).
#include "moving.h"

namespace haio::HAIO_ISA::resize_nearest {
namespace {
using namespace moving;

AI int64_t inside(int64_t at, int64_t size) { return at < 0 ? 0 : at >= size ? size - 1 : at; }

template <class T>
void run(const StepArgs& a) {
  if (a.begin >= a.end) return;
  const Operand &x = a.in[0], &rows = a.in[1], &columns = a.in[2], &out = a.out[0];
  const int64_t height = out.dims[1], width = out.dims[2], inner = out.dims[3];
  const int32_t* places = static_cast<const int32_t*>(columns.data);
  const bool whole =
      out.strides[2] == inner && (places ? out.strides[1] >= width * inner : x.strides[2] == inner);
  const T* lastFrom = nullptr;
  const T* lastRow = nullptr;
  for (size_t item = a.begin; item < a.end; item++) {
    const int64_t p = static_cast<int64_t>(item) / height, h = static_cast<int64_t>(item) % height;
    const int64_t row = inside(static_cast<const int32_t*>(rows.data)[h * rows.strides[0]], x.dims[1]);
    const T* from = static_cast<const T*>(x.data) + p * x.strides[0] + row * x.strides[1];
    T* y = static_cast<T*>(out.data) + p * out.strides[0] + h * out.strides[1];
    if (whole && (!places || (h > 0 && from == lastFrom))) {
      copyRun(y, places ? lastRow : from, width * inner);  // rows that repeat are copied from the one before
    } else {
      for (int64_t w = 0; w < width; w++) {
        const int64_t c = places ? inside(places[w * columns.strides[0]], x.dims[2]) : w;
        if (inner == 1)
          y[w * out.strides[2]] = from[c * x.strides[2]];
        else
          copyRun(y + w * out.strides[2], from + c * x.strides[2], inner);
      }
    }
    lastFrom = from;
    lastRow = y;
  }
}

// One column of i32 places, as many as the output has; absent where the size stays.
AI bool isTable(const Operand& t, int64_t length) {
  return t.type == Type::i32 && t.rank == 2 && t.dims[0] == length && t.dims[1] == 1;
}

template <class T>
const char* check(const StepArgs& a, size_t) {
  const Operand &x = a.in[0], &rows = a.in[1], &columns = a.in[2], &out = a.out[0];
  if (!wide<T>(x) || !wide<T>(out) || !present(rows)) return "operands must have the kernel's types";
  if (x.rank != 4 || out.rank != 4) return "ranks must be 4";
  if (!isTable(rows, out.dims[1])) return "the rows must be one place each";
  if (present(columns) ? !isTable(columns, out.dims[2]) : x.dims[2] != out.dims[2])
    return "the columns must be one place each";
  if (x.dims[0] != out.dims[0] || x.dims[3] != out.dims[3]) return "the output's dims do not fit";
  if (x.dims[3] > 1 && (x.strides[3] != 1 || out.strides[3] != 1)) return "rows must be contiguous";
  if (a.end > 0 && (x.dims[1] == 0 || x.dims[2] == 0)) return "the input is empty";
  const int64_t items = elements(out, 0, 2);
  if (elements(out) < 0) return "too many elements";
  return items < 0 || a.end != static_cast<size_t>(items) ? "items must be the number of rows" : nullptr;
}

#define HAIO_ROW(bits, T) {"resize_nearest." bits, "", 0, 2, 3, 1, run<T>, check<T>, nullptr}
HAIO_TABLE(resize_nearest, HAIO_ROW("b1", uint8_t), HAIO_ROW("b2", uint16_t), HAIO_ROW("b4", uint32_t),
           HAIO_ROW("b8", uint64_t))
#undef HAIO_ROW

}  // namespace
}  // namespace haio::HAIO_ISA::resize_nearest
