// lstm: over time, with gates x in the order i o f c, a = x + R·h and peepholes p (i o f):
//   i = σ(a_i + p_i·c)   f = σ(a_f + p_f·c)   c' = f·c + i·tanh(a_c)   o = σ(a_o + p_o·c')   h' = o·tanh(c')
// in: gates[T, B, 4H], packed R, h0[B, H], c0[B, H], p[3H], lengths[B]; the last four may be absent.
// out: Y[T, B, H], last h[B, H], last c[B, H] (which holds c all the time).
#include "recurrent.h"

namespace haio::HAIO_ISA::lstm {
using namespace lines;
using namespace recurrent;

struct Params {
  int32_t reverse;
  float clip;
};

template <int M>
static void panel(const Sequences& s, int64_t step, int64_t b, int64_t p, const float* packed, const Operand& cells,
                  const float* peepholes, float clip) {
  const int64_t hidden = s.hidden, first = p * kUnits;
  const float* h[M];
  for (int m = 0; m < M; m++) h[m] = s.before(step, b + m);
  F32 acc[M][4][kVectors];
  if (h[0]) {
    products<4, M>(h, hidden, packed + p * hidden * 4 * kUnits, acc);
  } else {
    for (int m = 0; m < M; m++)
      for (int g = 0; g < 4; g++)
        for (int v = 0; v < kVectors; v++) acc[m][g][v] = 0.f;
  }
#pragma GCC unroll 4
  for (int m = 0; m < M; m++) {
    const float* x = s.gate(step, b + m);
    float* c = Sequences::row(cells, b + m);
    float* y = s.out(step, b + m);
    units(first, hidden, [&](int v, int64_t at, size_t n) {
      const F32 cell = load(c + at, n);
      F32 a[4];
      for (int g = 0; g < 4; g++) a[g] = load(x + g * hidden + at, n) + acc[m][g][v];
      if (peepholes) {
        a[0] = fma(load(peepholes + at, n), cell, a[0]);
        a[2] = fma(load(peepholes + 2 * hidden + at, n), cell, a[2]);
      }
      const F32 i = sigmoid(clipTo(a[0], clip)), f = sigmoid(clipTo(a[2], clip));
      const F32 next = fma(f, cell, i * tanh(clipTo(a[3], clip)));
      if (peepholes) a[1] = fma(load(peepholes + hidden + at, n), next, a[1]);
      store(c + at, next, n);
      store(y + at, sigmoid(clipTo(a[1], clip)) * tanh(next), n);
    });
  }
}

static void run(const StepArgs& a) {
  const Params& p = paramsOf<Params>(a);
  const Operand &gates = a.in[0], &c0 = a.in[3], &cells = a.out[2];
  const Sequences all = {gates.dims[0], a.out[0].dims[2], p.reverse != 0, &gates, &a.in[2], &a.out[0], &a.out[1]};
  const float* packed = static_cast<const float*>(a.in[1].data);
  const float* peepholes = static_cast<const float*>(a.in[4].data);
  bySequences(a, all, a.in[5], [&]<int M>(const Sequences& s, int64_t b) {
    for (int m = 0; m < M; m++) {
      float* c = Sequences::row(cells, b + m);
      const size_t n = static_cast<size_t>(s.hidden);
      if (c0.data) map(Sequences::row(c0, b + m), c, n, [](F32 v) { return v; });
      else fill(c, n, 0.f);
    }
    for (int64_t step = 0; step < s.time; step++)
      for (int64_t k = 0; k < panelsOf(s.hidden); k++) panel<M>(s, step, b, k, packed, cells, peepholes, p.clip);
    for (int m = 0; m < M; m++) s.finish(b + m);
  });
}

static const char* check(const StepArgs& a, size_t) {
  if (a.in[0].rank != 3 || a.out[0].rank != 3) return "gates and Y must have rank 3";
  const int64_t time = a.in[0].dims[0], batch = a.in[0].dims[1], hidden = a.out[0].dims[2];
  if (!isF32(a.in[0], 3, time, batch, 4 * hidden)) return "gates must be f32 [T, B, 4H] with contiguous rows";
  if (!isPacked(a.in[1], hidden, 4)) return "R must be packed for 4 gates";
  if (!isF32OrAbsent(a.in[2], 2, batch, hidden) || !isF32OrAbsent(a.in[3], 2, batch, hidden))
    return "initial states must be f32 [B, H]";
  if (!isF32OrAbsent(a.in[4], 1, 3 * hidden, 0)) return "peepholes must be f32 [3H]";
  if (!isLengths(a.in[5], batch)) return "lengths must be int32 [B]";
  if (!isF32(a.out[0], 3, time, batch, hidden)) return "Y must be f32 [T, B, H]";
  if (!isF32(a.out[1], 2, batch, hidden, 0) || !isF32(a.out[2], 2, batch, hidden, 0))
    return "last states must be f32 [B, H]";
  return a.end == static_cast<size_t>(batch) ? nullptr : "items must be the number of sequences";
}

HAIO_TABLE(lstm, {"lstm.f32", "reverse:i32,clip:f32", sizeof(Params), 2, 6, 3, run, check, nullptr})

}  // namespace haio::HAIO_ISA::lstm
