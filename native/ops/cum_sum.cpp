// portable only
// cum_sum: y[i] = Σ x[j] over j ≤ i (exclusive: j < i; reverse: j ≥ i, j > i) along one axis; the same
// dims, any strides. Integers wrap. An item is one line along the axis.
#include "moving.h"

namespace haio::HAIO_ISA::cum_sum {
namespace {
using namespace moving;

struct Params {
  int32_t axis, exclusive, reverse;
};

// S: what is added up in
template <class T, class S>
void run(const StepArgs& a) {
  const Operand &x = a.in[0], &out = a.out[0];
  const Params& p = paramsAs<Params>(a);
  const int64_t n = x.dims[p.axis], in = x.strides[p.axis], to = out.strides[p.axis];
  int64_t dims[kMaxRank];
  for (int i = 0; i < x.rank; i++) dims[i] = i == p.axis ? 1 : x.dims[i];
  Walk<2> w;
  w.strides[0] = x.strides;
  w.strides[1] = out.strides;
  w.start(x.rank, dims, a.begin);
  for (size_t line = a.begin; line < a.end; line++, w.next()) {
    const T* from = static_cast<const T*>(x.data) + w.at[0];
    T* y = static_cast<T*>(out.data) + w.at[1];
    S sum = 0;
    for (int64_t k = 0; k < n; k++) {
      const int64_t i = p.reverse ? n - 1 - k : k;
      const S next = sum + static_cast<S>(from[i * in]);
      y[i * to] = static_cast<T>(p.exclusive ? sum : next);
      sum = next;
    }
  }
}

template <class T, Type kType>
const char* check(const StepArgs& a, size_t) {
  const Operand &x = a.in[0], &out = a.out[0];
  const int axis = paramsAs<Params>(a).axis;
  if (!present(x) || !present(out) || x.type != kType || out.type != kType)
    return "operands must have the kernel's type";
  if (x.rank < 1 || !sameDims(x, out)) return "the output's dims do not fit";
  if (axis < 0 || axis >= x.rank) return "axis must be one of the input's";
  const int64_t before = elements(x, 0, axis), after = elements(x, axis + 1, x.rank);
  if (before < 0 || after < 0 || (after > 0 && before > kMaxElements / after)) return "too many elements";
  return a.end != static_cast<size_t>(before * after) ? "items must be the number of lines" : nullptr;
}

#define HAIO_ROW(name, T, S, kType)         \
  {                                         \
      "cum_sum." name,                      \
      "axis:i32,exclusive:i32,reverse:i32", \
      sizeof(Params),                       \
      1,                                    \
      1,                                    \
      1,                                    \
      run<T, S>,                            \
      check<T, kType>,                      \
      nullptr}
HAIO_TABLE(cum_sum, HAIO_ROW("f32", float, float, Type::f32), HAIO_ROW("f64", double, double, Type::f64),
           HAIO_ROW("i32", int32_t, uint32_t, Type::i32), HAIO_ROW("i64", int64_t, uint64_t, Type::i64))
#undef HAIO_ROW

}  // namespace
}  // namespace haio::HAIO_ISA::cum_sum
