// log_softmax: y = x − max − ln Σ exp(x − max) along an axis; y may be x.
#include "lines.h"
#include "simd/math.h"

namespace haio::HAIO_ISA::log_softmax {
using namespace lines;

struct Params {
  int32_t axis;
};

static void line(const float* x, float* y, size_t n) {
  const float m = greatest(x, n);
  const F32 log_ = log(set1(sumOf(x, n, [m](F32 v) { return expOfNegative(v - m); })));
  map(x, y, n, [m, log_](F32 v) { return (v - m) - log_; });
}

template <int V, bool kFull>
AI void columns(const float* x, float* y, const Lines& l, size_t n) {
  constexpr size_t N = F32::N;
  F32 m[V], s[V];
  for (int v = 0; v < V; v++) m[v] = -kInf, s[v] = 0.f;
  for (int64_t i = 0; i < l.length; i++)
    for (int v = 0; v < V; v++) m[v] = max(m[v], part<kFull>(x + i * l.in + v * N, n));
  for (int64_t i = 0; i < l.length; i++)
    for (int v = 0; v < V; v++) s[v] = s[v] + expOfNegative(part<kFull>(x + i * l.in + v * N, n) - m[v]);
  for (int v = 0; v < V; v++) s[v] = log(s[v]);
  for (int64_t i = 0; i < l.length; i++)
    for (int v = 0; v < V; v++)
      put<kFull>(y + i * l.out + v * N, (part<kFull>(x + i * l.in + v * N, n) - m[v]) - s[v], n);
}

static void run(const StepArgs& a) {
  alongAxis<float, float>(a, paramsOf<Params>(a).axis, line, [](const float* x, float* y, const Lines& l, size_t width) {
    inParts<2>(width, [&]<int V, bool kFull>(size_t at, size_t n) { columns<V, kFull>(x + at, y + at, l, n); });
  });
}

static const char* check(const StepArgs& a, size_t) {
  return checkLines(a, paramsOf<Params>(a).axis, Type::f32, Type::f32, true);
}

HAIO_TABLE(log_softmax, {"log_softmax.f32", "axis:i32", sizeof(Params), 1, 1, 1, run, check, nullptr})

}  // namespace haio::HAIO_ISA::log_softmax
