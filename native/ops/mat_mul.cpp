// portable only
// mat_mul: out[…, m, n] = Σ_k a[…, m, k] · b[…, k, n] for f64 and integers (wrapping), any strides (0
// repeats an input). An item is one row of the output.
#include "kernel.h"

namespace haio::HAIO_ISA::mat_mul {
namespace {

constexpr int64_t kLimit = int64_t(1) << 47;

// Products of the dims, one of size 0 counted as 1, that exceed kLimit are refused.
bool bounded(const Operand& o) {
  int64_t n = 1;
  for (int i = 0; i < o.rank; i++) {
    const int64_t d = o.dims[i] > 1 ? o.dims[i] : 1;
    if (d > kLimit / n) return false;
    n *= d;
  }
  return true;
}

int64_t rowsOf(const Operand& o) {
  int64_t n = 1;
  for (int i = 0; i + 1 < o.rank; i++) n *= o.dims[i];
  return n;
}

// U: the type of the sums, unsigned for integers so that they wrap.
template <class T, class U>
void run(const StepArgs& s) {
  const Operand &a = s.in[0], &b = s.in[1], &out = s.out[0];
  const int last = out.rank - 1;
  const int64_t k = a.dims[last], n = out.dims[last];
  const int64_t aStep = a.strides[last], bStep = b.strides[last - 1], bColumn = b.strides[last];
  for (size_t item = s.begin; item < s.end; item++) {
    int64_t rest = static_cast<int64_t>(item), x = 0, y = 0, z = 0;
    for (int axis = last - 1; axis >= 0; axis--) {
      const int64_t i = rest % out.dims[axis];
      rest /= out.dims[axis];
      x += i * a.strides[axis];
      if (axis < last - 1) y += i * b.strides[axis];
      z += i * out.strides[axis];
    }
    const T* row = static_cast<const T*>(a.data) + x;
    T* to = static_cast<T*>(out.data) + z;
    for (int64_t j = 0; j < n; j++) {
      const T* column = static_cast<const T*>(b.data) + y + j * bColumn;
      U sum = 0;
      for (int64_t i = 0; i < k; i++)
        sum += static_cast<U>(row[i * aStep]) * static_cast<U>(column[i * bStep]);
      to[j * out.strides[last]] = static_cast<T>(sum);
    }
  }
}

template <Type type>
const char* check(const StepArgs& s, size_t) {
  const Operand &a = s.in[0], &b = s.in[1], &out = s.out[0];
  if (!a.data || !b.data || !out.data) return "operand missing";
  if (a.type != type || b.type != type || out.type != type) return "operands must have the kernel's type";
  const int rank = out.rank;
  if (rank < 2 || a.rank != rank || b.rank != rank) return "operands must have one rank, at least 2";
  if (!bounded(a) || !bounded(b) || !bounded(out)) return "too many elements";
  for (int i = 0; i < rank - 1; i++)
    if (a.dims[i] != out.dims[i] || (i < rank - 2 && b.dims[i] != out.dims[i])) return "leading dims differ";
  if (a.dims[rank - 1] != b.dims[rank - 2] || b.dims[rank - 1] != out.dims[rank - 1])
    return "matrices do not fit";
  return s.end > static_cast<size_t>(rowsOf(out)) ? "number of items" : nullptr;
}

#define HAIO_ROW(name, T, U, type) {"mat_mul." name, "", 0, 2, 2, 1, run<T, U>, check<Type::type>, nullptr}
HAIO_TABLE(mat_mul, HAIO_ROW("f64", double, double, f64), HAIO_ROW("i32", int32_t, uint32_t, i32),
           HAIO_ROW("u32", uint32_t, uint32_t, u32), HAIO_ROW("i64", int64_t, uint64_t, i64),
           HAIO_ROW("u64", uint64_t, uint64_t, u64))
#undef HAIO_ROW

}  // namespace
}  // namespace haio::HAIO_ISA::mat_mul
