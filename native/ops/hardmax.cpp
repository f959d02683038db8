// hardmax: 1 at the first greatest element of each line, 0 elsewhere. y may be x.
#include "best.h"

namespace haio::HAIO_ISA::hardmax {
using namespace lines;
using namespace best;

struct Params {
  int32_t axis;
};

static void run(const StepArgs& a) {
  alongAxis<float, float>(
      a, paramsOf<Params>(a).axis,
      [](const float* x, float* y, size_t n) {
        if (n == 0) return;
        const int64_t best = bestOf<true>(x, n, false);
        fill(y, n, 0.f);
        y[best] = 1.f;
      },
      [](const float* x, float* y, const Lines& l, size_t width) {
        if (l.length == 0) return;
        inParts<1>(width, [&]<int V, bool kFull>(size_t at, size_t n) {
          const I32 best = bestOfColumns<true, kFull>(x + at, l.length, l.in, n, false);
          for (int64_t i = 0; i < l.length; i++)
            put<kFull>(y + i * l.out + at, select(best == I32(static_cast<int32_t>(i)), F32(1.f), F32(0.f)), n);
        });
      });
}

static const char* check(const StepArgs& a, size_t) {
  if (const char* wrong = checkLines(a, paramsOf<Params>(a).axis, Type::f32, Type::f32, true)) return wrong;
  return a.in[0].dims[paramsOf<Params>(a).axis] <= INT32_MAX ? nullptr : "the axis must have less than 2^31 elements";
}

HAIO_TABLE(hardmax, {"hardmax.f32", "axis:i32", sizeof(Params), 1, 1, 1, run, check, nullptr})

}  // namespace haio::HAIO_ISA::hardmax
