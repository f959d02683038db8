// lrn: local response normalisation of rows of channels:
//   y[c] = x[c] / (bias + alpha / size · Σ x[i]²)^beta,  i from c − ⌊(size−1)/2⌋ to c + ⌈(size−1)/2⌉
// clipped to the row. The squares stand in scratch between zeros. y may be x.
#include "lines.h"
#include "simd/math.h"

namespace haio::HAIO_ISA::lrn {
using namespace lines;

struct Params {
  int32_t size;
  float alpha, beta, bias;
};
constexpr size_t kOverread = 16;  // at least N

template <class Power>
AI void row(const float* x, float* y, size_t n, float* squares, const Params& p, Power power) {
  const size_t size = static_cast<size_t>(p.size), before = (size - 1) / 2;
  const float alpha = p.alpha / static_cast<float>(p.size);
  fill(squares, before, 0.f);
  map(x, squares + before, n, [](F32 v) { return v * v; });
  fill(squares + before + n, size - 1 - before + kOverread, 0.f);
  inParts<1>(n, [&]<int V, bool kFull>(size_t at, size_t m) {
    F32 s = load(squares + at);
    for (size_t k = 1; k < size; k++) s = s + load(squares + at + k);
    put<kFull>(y + at, part<kFull>(x + at, m) * power(fma(s, alpha, p.bias)), m);
  });
}

static void run(const StepArgs& a) {
  const Params& p = paramsOf<Params>(a);
  float* squares = static_cast<float*>(a.scratch);
  rows(a, [&](const float* x, float* y, size_t n) {
    if (p.beta == 0.75f)
      row(x, y, n, squares, p, [](F32 d) {
        const F32 r = sqrt(d);
        return 1.f / (r * sqrt(r));
      });
    else
      row(x, y, n, squares, p, [&p](F32 d) { return exp(log(d) * -p.beta); });
  });
}

static const char* check(const StepArgs& a, size_t scratchBytes) {
  const Params& p = paramsOf<Params>(a);
  if (const char* wrong = checkRows(a, Type::f32, Type::f32)) return wrong;
  if (p.size < 1 || a.in[0].rank < 1) return "size and rank must be at least 1";
  const size_t n = static_cast<size_t>(a.in[0].dims[a.in[0].rank - 1]);
  return scratchBytes / sizeof(float) >= n + static_cast<size_t>(p.size) + kOverread ? nullptr : "scratch is too small";
}

HAIO_TABLE(lrn, {"lrn.f32", "size:i32,alpha:f32,beta:f32,bias:f32", sizeof(Params), 1, 1, 1, run, check, nullptr})

}  // namespace haio::HAIO_ISA::lrn
