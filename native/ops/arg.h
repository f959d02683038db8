// ArgMax and ArgMin: y (int64, size 1 along the axis) is the place of the best element of each line.
#pragma once
#include "best.h"

namespace haio::HAIO_ISA::arg {
using namespace lines;
using namespace best;
namespace {

struct ArgParams {
  int32_t axis;
  int32_t last;  // of equal elements the last one
};
constexpr const char* kArgSignature = "axis:i32,last:i32";

template <bool kMax>
void runArgF32(const StepArgs& a) {
  const ArgParams& p = paramsOf<ArgParams>(a);
  const bool last = p.last != 0;
  alongAxis<float, int64_t>(
      a, p.axis, [last](const float* x, int64_t* y, size_t n) { *y = bestOf<kMax>(x, n, last); },
      [last](const float* x, int64_t* y, const Lines& l, size_t width) {
        inParts<1>(width, [&]<int V, bool kFull>(size_t at, size_t n) {
          int32_t found[F32::N];
          store(found, bestOfColumns<kMax, kFull>(x + at, l.length, l.in, n, last));
          for (size_t i = 0; i < n; i++) y[at + i] = found[i];
        });
      });
}

template <bool kMax, class T>
void runArg(const StepArgs& a) {
  const ArgParams& p = paramsOf<ArgParams>(a);
  const bool last = p.last != 0;
  alongAxis<T, int64_t>(
      a, p.axis,
      [last](const T* x, int64_t* y, size_t n) { *y = bestPlain<kMax>(x, static_cast<int64_t>(n), 1, last); },
      [last](const T* x, int64_t* y, const Lines& l, size_t width) {
        for (size_t i = 0; i < width; i++) y[i] = bestPlain<kMax>(x + i, l.length, l.in, last);
      });
}

template <Type kIn>
const char* checkArg(const StepArgs& a, size_t) {
  const ArgParams& p = paramsOf<ArgParams>(a);
  if (const char* wrong = checkLines(a, p.axis, kIn, Type::i64, false)) return wrong;
  // an empty line has no best element
  const int64_t length = a.in[0].dims[p.axis];
  return a.end == 0 || (length > 0 && length <= INT32_MAX) ? nullptr : "the axis must have 1 to 2^31 − 1 elements";
}

}  // namespace
}  // namespace haio::HAIO_ISA::arg
