// portable only
// top_k: the k greatest (or least) elements of each line along an axis, best first, and their places
// (i64); of equal ones the first comes first, NaN counts as greatest. k is the outputs' size of the
// axis. Any strides. An item is one line; scratch holds k entries of 16 bytes.
#include "moving.h"

namespace haio::HAIO_ISA::top_k {
namespace {
using namespace moving;

struct Params {
  int32_t axis, largest;
};

template <class T>
struct Entry {
  T value;
  int64_t at;
};

template <class T>
AI bool greater(T a, T b) {
  return a > b || (a != a && b == b);
}

// a comes before b
template <class T>
AI bool before(const Entry<T>& a, const Entry<T>& b, bool largest) {
  if (greater(a.value, b.value)) return largest;
  if (greater(b.value, a.value)) return !largest;
  return a.at < b.at;
}

// Restores the heap below i: no entry comes after its parent's, so the worst is at 0.
template <class T>
AI void sift(Entry<T>* heap, int64_t n, int64_t i, bool largest) {
  const Entry<T> e = heap[i];
  for (int64_t c = 2 * i + 1; c < n; c = 2 * i + 1) {
    if (c + 1 < n && before(heap[c], heap[c + 1], largest)) c++;
    if (!before(e, heap[c], largest)) break;
    heap[i] = heap[c];
    i = c;
  }
  heap[i] = e;
}

template <class T>
void run(const StepArgs& a) {
  const Operand &x = a.in[0], &values = a.out[0], &places = a.out[1];
  const Params& p = paramsAs<Params>(a);
  const bool largest = p.largest != 0;
  const int64_t n = x.dims[p.axis], k = values.dims[p.axis], step = x.strides[p.axis];
  if (k == 0) return;
  Entry<T>* heap = static_cast<Entry<T>*>(a.scratch);
  int64_t dims[kMaxRank];
  for (int i = 0; i < x.rank; i++) dims[i] = i == p.axis ? 1 : x.dims[i];
  Walk<3> w;
  w.strides[0] = x.strides;
  w.strides[1] = values.strides;
  w.strides[2] = places.strides;
  w.start(x.rank, dims, a.begin);
  for (size_t line = a.begin; line < a.end; line++, w.next()) {
    const T* from = static_cast<const T*>(x.data) + w.at[0];
    for (int64_t i = 0; i < k; i++) heap[i] = {from[i * step], i};
    for (int64_t i = k / 2 - 1; i >= 0; i--) sift(heap, k, i, largest);
    for (int64_t i = k; i < n; i++) {
      const Entry<T> e = {from[i * step], i};
      if (!before(e, heap[0], largest)) continue;
      heap[0] = e;
      sift(heap, k, 0, largest);
    }
    T* y = static_cast<T*>(values.data) + w.at[1];
    int64_t* at = static_cast<int64_t*>(places.data) + w.at[2];
    for (int64_t i = k - 1; i >= 0; i--) {
      y[i * values.strides[p.axis]] = heap[0].value;
      at[i * places.strides[p.axis]] = heap[0].at;
      heap[0] = heap[i];
      sift(heap, i, 0, largest);
    }
  }
}

template <class T, Type kType>
const char* check(const StepArgs& a, size_t scratchBytes) {
  const Operand &x = a.in[0], &values = a.out[0], &places = a.out[1];
  const int axis = paramsAs<Params>(a).axis;
  if (!present(x) || !present(values) || !present(places)) return "operand missing";
  if (x.type != kType || values.type != kType || places.type != Type::i64)
    return "operands must have the kernel's types";
  if (x.rank < 1 || x.rank != values.rank || !sameDims(values, places)) return "the output's dims do not fit";
  if (axis < 0 || axis >= x.rank) return "axis must be one of the input's";
  for (int i = 0; i < x.rank; i++)
    if (i == axis ? values.dims[i] > x.dims[i] : values.dims[i] != x.dims[i])
      return "the output's dims do not fit";
  if (static_cast<uint64_t>(values.dims[axis]) > scratchBytes / sizeof(Entry<T>)) return "scratch too small";
  const int64_t before = elements(x, 0, axis), after = elements(x, axis + 1, x.rank);
  if (before < 0 || after < 0 || (after > 0 && before > kMaxElements / after)) return "too many elements";
  return a.end != static_cast<size_t>(before * after) ? "items must be the number of lines" : nullptr;
}

#define HAIO_ROW(name, T, kType) \
  {"top_k." name, "axis:i32,largest:i32", sizeof(Params), 1, 1, 2, run<T>, check<T, kType>, nullptr}
HAIO_TABLE(top_k, HAIO_ROW("f32", float, Type::f32), HAIO_ROW("f64", double, Type::f64),
           HAIO_ROW("i32", int32_t, Type::i32), HAIO_ROW("i64", int64_t, Type::i64))
#undef HAIO_ROW

}  // namespace
}  // namespace haio::HAIO_ISA::top_k
