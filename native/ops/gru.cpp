// gru: over time, with gates x in the order z r h:
//   z = σ(x_z + R_z·h)   r = σ(x_r + R_r·h)   n = tanh(x_h + R_h·(r ⊙ h))   h' = (1 − z)·n + z·h
// and n = tanh(x_h + r ⊙ (R_h·h + bias)) where `linear`.
// in: gates[T, B, 3H], packed R of z and r, packed R of h, h0[B, H], bias[H], lengths[B]; the last three may
// be absent.
// out: Y[T, B, H], last h[B, H]. Scratch: z and r ⊙ h (r where `linear`) of up to four sequences.
#include "recurrent.h"

namespace haio::HAIO_ISA::gru {
using namespace lines;
using namespace recurrent;

struct Params {
  int32_t reverse, linear;
  float clip;
};

namespace {
struct Task {
  const float *both, *inner, *bias;
  float *z, *r;   // rows of `pitch` floats for each sequence
  int64_t pitch;
  bool linear;
  float clip;
};
}  // namespace

template <int G, int M>
AI void clear(F32 (&acc)[M][G][kVectors]) {
  for (int m = 0; m < M; m++)
    for (int g = 0; g < G; g++)
      for (int v = 0; v < kVectors; v++) acc[m][g][v] = 0.f;
}

template <int M>
static void gatesPanel(const Task& t, const Sequences& s, int64_t step, int64_t b, int64_t p) {
  const int64_t hidden = s.hidden;
  const float* h[M];
  for (int m = 0; m < M; m++) h[m] = s.before(step, b + m);
  F32 acc[M][2][kVectors];
  if (h[0]) products<2, M>(h, hidden, t.both + p * hidden * 2 * kUnits, acc);
  else clear<2, M>(acc);
#pragma GCC unroll 4
  for (int m = 0; m < M; m++) {
    const float* x = s.gate(step, b + m);
    units(p * kUnits, hidden, [&](int v, int64_t at, size_t n) {
      const F32 z = sigmoid(clipTo(load(x + at, n) + acc[m][0][v], t.clip));
      F32 r = sigmoid(clipTo(load(x + hidden + at, n) + acc[m][1][v], t.clip));
      if (!t.linear) r = h[m] ? r * load(h[m] + at, n) : 0.f;
      store(t.z + m * t.pitch + at, z, n);
      store(t.r + m * t.pitch + at, r, n);
    });
  }
}

template <int M>
static void statePanel(const Task& t, const Sequences& s, int64_t step, int64_t b, int64_t p) {
  const int64_t hidden = s.hidden;
  const float *h[M], *from[M];
  for (int m = 0; m < M; m++) {
    h[m] = s.before(step, b + m);
    from[m] = t.linear ? h[m] : t.r + m * t.pitch;
  }
  F32 acc[M][1][kVectors];
  if (h[0]) products<1, M>(from, hidden, t.inner + p * hidden * kUnits, acc);
  else clear<1, M>(acc);
#pragma GCC unroll 4
  for (int m = 0; m < M; m++) {
    const float* x = s.gate(step, b + m) + 2 * hidden;
    float* y = s.out(step, b + m);
    units(p * kUnits, hidden, [&](int v, int64_t at, size_t n) {
      F32 a = acc[m][0][v];
      if (t.linear) {
        if (t.bias) a = a + load(t.bias + at, n);
        a = a * load(t.r + m * t.pitch + at, n);
      }
      const F32 next = tanh(clipTo(load(x + at, n) + a, t.clip)), z = load(t.z + m * t.pitch + at, n);
      const F32 old = h[m] ? load(h[m] + at, n) : 0.f;
      store(y + at, fma(z, old - next, next), n);
    });
  }
}

static void run(const StepArgs& a) {
  const Params& p = paramsOf<Params>(a);
  const int64_t pitch = panelsOf(a.out[0].dims[2]) * kUnits;
  float* z = static_cast<float*>(a.scratch);
  const Sequences all = {a.in[0].dims[0], a.out[0].dims[2], p.reverse != 0, &a.in[0], &a.in[3], &a.out[0], &a.out[1]};
  const Task t = {static_cast<const float*>(a.in[1].data),
                  static_cast<const float*>(a.in[2].data),
                  static_cast<const float*>(a.in[4].data),
                  z,
                  z + kSequences * pitch,
                  pitch,
                  p.linear != 0,
                  p.clip};
  bySequences(a, all, a.in[5], [&]<int M>(const Sequences& s, int64_t b) {
    for (int64_t step = 0; step < s.time; step++) {
      for (int64_t k = 0; k < panelsOf(s.hidden); k++) gatesPanel<M>(t, s, step, b, k);
      for (int64_t k = 0; k < panelsOf(s.hidden); k++) statePanel<M>(t, s, step, b, k);
    }
    for (int m = 0; m < M; m++) s.finish(b + m);
  });
}

static const char* check(const StepArgs& a, size_t scratchBytes) {
  if (a.in[0].rank != 3 || a.out[0].rank != 3) return "gates and Y must have rank 3";
  const int64_t time = a.in[0].dims[0], batch = a.in[0].dims[1], hidden = a.out[0].dims[2];
  if (!isF32(a.in[0], 3, time, batch, 3 * hidden)) return "gates must be f32 [T, B, 3H] with contiguous rows";
  if (!isPacked(a.in[1], hidden, 2) || !isPacked(a.in[2], hidden, 1)) return "R must be packed for 2 gates and for 1";
  if (!isF32OrAbsent(a.in[3], 2, batch, hidden)) return "the initial state must be f32 [B, H]";
  if (!isF32OrAbsent(a.in[4], 1, hidden, 0)) return "the bias must be f32 [H]";
  if (!isLengths(a.in[5], batch)) return "lengths must be int32 [B]";
  if (!isF32(a.out[0], 3, time, batch, hidden) || !isF32(a.out[1], 2, batch, hidden, 0))
    return "outputs must be f32 [T, B, H] and [B, H]";
  const size_t needed = sizeof(float) * 2 * 4 * kUnits * static_cast<size_t>(panelsOf(hidden));
  if (scratchBytes < needed) return "scratch is too small";
  return a.end == static_cast<size_t>(batch) ? nullptr : "items must be the number of sequences";
}

HAIO_TABLE(gru, {"gru.f32", "reverse:i32,linear:i32,clip:f32", sizeof(Params), 3, 6, 2, run, check, nullptr})

}  // namespace haio::HAIO_ISA::gru
