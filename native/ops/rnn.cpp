// rnn: over time, h' = f(x + R·h), f = tanh or, where `relu`, max(0, ·).
// in: gates[T, B, H], packed R, h0[B, H], lengths[B]; the last two may be absent. out: Y[T, B, H], last h[B, H].
#include "recurrent.h"

namespace haio::HAIO_ISA::rnn {
using namespace lines;
using namespace recurrent;

struct Params {
  int32_t reverse, relu;
  float clip;
};

template <int M>
static void panel(const Sequences& s, int64_t step, int64_t b, int64_t p, const float* packed, const Params& params) {
  const float* h[M];
  for (int m = 0; m < M; m++) h[m] = s.before(step, b + m);
  F32 acc[M][1][kVectors];
  if (h[0]) {
    products<1, M>(h, s.hidden, packed + p * s.hidden * kUnits, acc);
  } else {
    for (int m = 0; m < M; m++)
      for (int v = 0; v < kVectors; v++) acc[m][0][v] = 0.f;
  }
#pragma GCC unroll 4
  for (int m = 0; m < M; m++) {
    const float* x = s.gate(step, b + m);
    float* y = s.out(step, b + m);
    units(p * kUnits, s.hidden, [&](int v, int64_t at, size_t n) {
      const F32 sum = clipTo(load(x + at, n) + acc[m][0][v], params.clip);
      store(y + at, params.relu ? max(sum, F32(0.f)) : tanh(sum), n);
    });
  }
}

static void run(const StepArgs& a) {
  const Params& p = paramsOf<Params>(a);
  const Sequences all = {a.in[0].dims[0], a.out[0].dims[2], p.reverse != 0, &a.in[0], &a.in[2], &a.out[0], &a.out[1]};
  const float* packed = static_cast<const float*>(a.in[1].data);
  bySequences(a, all, a.in[3], [&]<int M>(const Sequences& s, int64_t b) {
    for (int64_t step = 0; step < s.time; step++)
      for (int64_t k = 0; k < panelsOf(s.hidden); k++) panel<M>(s, step, b, k, packed, p);
    for (int m = 0; m < M; m++) s.finish(b + m);
  });
}

static const char* check(const StepArgs& a, size_t) {
  if (a.in[0].rank != 3 || a.out[0].rank != 3) return "gates and Y must have rank 3";
  const int64_t time = a.in[0].dims[0], batch = a.in[0].dims[1], hidden = a.out[0].dims[2];
  if (!isF32(a.in[0], 3, time, batch, hidden)) return "gates must be f32 [T, B, H] with contiguous rows";
  if (!isPacked(a.in[1], hidden, 1)) return "R must be packed for 1 gate";
  if (!isF32OrAbsent(a.in[2], 2, batch, hidden)) return "the initial state must be f32 [B, H]";
  if (!isLengths(a.in[3], batch)) return "lengths must be int32 [B]";
  if (!isF32(a.out[0], 3, time, batch, hidden) || !isF32(a.out[1], 2, batch, hidden, 0))
    return "outputs must be f32 [T, B, H] and [B, H]";
  return a.end == static_cast<size_t>(batch) ? nullptr : "items must be the number of sequences";
}

HAIO_TABLE(rnn, {"rnn.f32", "reverse:i32,relu:i32,clip:f32", sizeof(Params), 2, 4, 2, run, check, nullptr})

}  // namespace haio::HAIO_ISA::rnn
