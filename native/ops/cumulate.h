// y[i] = all x[j] with j ≤ i combined (exclusive: j < i; reverse: j ≥ i, j > i) along one axis; the same
// dims, any strides. Integers wrap. An item is one line along the axis.
#pragma once
#include "moving.h"

namespace haio::HAIO_ISA::cumulate {
namespace {
using namespace moving;

struct Params {
  int32_t axis, exclusive, reverse;
};

struct Sum {
  static constexpr int kFirst = 0;
  template <class S>
  AI S combine(S a, S b) {
    return a + b;
  }
};
struct Product {
  static constexpr int kFirst = 1;
  template <class S>
  AI S combine(S a, S b) {
    return a * b;
  }
};

// S: what is combined in
template <class Op, class T, class S>
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
    S sum = Op::kFirst;
    for (int64_t k = 0; k < n; k++) {
      const int64_t i = p.reverse ? n - 1 - k : k;
      const S next = Op::combine(sum, static_cast<S>(from[i * in]));
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

}  // namespace
}  // namespace haio::HAIO_ISA::cumulate

// The rows of such an op.
#define HAIO_CUMULATE_ROW(name, Op, T, S, kType) \
  {name, "axis:i32,exclusive:i32,reverse:i32", sizeof(Params), 1, 1, 1, run<Op, T, S>, check<T, kType>, nullptr}
#define HAIO_CUMULATE(file, Op)                                                \
  HAIO_TABLE(file, HAIO_CUMULATE_ROW(#file ".f32", Op, float, float, Type::f32), \
             HAIO_CUMULATE_ROW(#file ".f64", Op, double, double, Type::f64),     \
             HAIO_CUMULATE_ROW(#file ".i32", Op, int32_t, uint32_t, Type::i32),  \
             HAIO_CUMULATE_ROW(#file ".i64", Op, int64_t, uint64_t, Type::i64))
