// portable only
// trilu: the part of each matrix (the last two axes) on and above (upper) or on and below the k-th
// diagonal, elsewhere 0; the same dims, rows contiguous. Out may be x. An item is one row.
#include "moving.h"

namespace haio::HAIO_ISA::trilu {
namespace {
using namespace moving;

struct Params {
  int64_t k;
  int32_t upper;
};

template <class T>
void run(const StepArgs& a) {
  const Params& p = paramsAs<Params>(a);
  const Operand& x = a.in[0];
  const int64_t height = x.dims[x.rank - 2];
  size_t row = a.begin;
  rows<T, T>(a, [&](const T* from, T* y, size_t length) {
    const int64_t n = static_cast<int64_t>(length), r = static_cast<int64_t>(row++) % height;
    const int64_t split = r + p.k + (p.upper ? 0 : 1);  // the first column of the second part
    const int64_t at = split < 0 ? 0 : split > n ? n : split;
    const int64_t first = p.upper ? at : 0, end = p.upper ? n : at;
    for (int64_t i = 0; i < first; i++) y[i] = 0;
    if (y != from) copyRun(y + first, from + first, end - first);
    for (int64_t i = end; i < n; i++) y[i] = 0;
  });
}

template <class T>
const char* check(const StepArgs& a, size_t) {
  const Operand &x = a.in[0], &out = a.out[0];
  const int64_t k = paramsAs<Params>(a).k;
  if (!wide<T>(x) || !wide<T>(out) || x.rank < 2) return "operands must be matrices of the kernel's types";
  if (elements(x) < 0 || k < -kMaxElements || k > kMaxElements) return "sizes out of range";
  return checkRows(a, x.type, out.type);
}

#define HAIO_ROW(bits, T) \
  {"trilu." bits, "k:i64,upper:i32", sizeof(Params), 1, 1, 1, run<T>, check<T>, nullptr}
HAIO_TABLE(trilu, HAIO_ROW("b1", uint8_t), HAIO_ROW("b2", uint16_t), HAIO_ROW("b4", uint32_t),
           HAIO_ROW("b8", uint64_t))
#undef HAIO_ROW

}  // namespace
}  // namespace haio::HAIO_ISA::trilu
