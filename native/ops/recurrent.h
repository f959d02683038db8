// What lstm, gru and rnn share. Recurrent weights R[G·H, H] are packed in panels of kUnits hidden units:
// packed[panel][k][gate][unit] = R[gate·H + panel·kUnits + unit][k], zero beyond H. So the products of
// all gates of a panel with one vector are taken in registers, and the gates' functions follow there.
// The loop over time lies inside the kernel; an item is one sequence of the batch.
#pragma once
#include "lines.h"
#include "simd/math.h"

namespace haio::HAIO_ISA::recurrent {
using namespace lines;
namespace {

constexpr int kUnits = 16;                    // PANEL of lib/ops/recurrent.ts
constexpr int kVectors = kUnits / F32::N;     // of a panel
constexpr int kSequences = F32::N >= 16 ? 4 : 1;  // taken together, as far as registers go

AI int64_t panelsOf(int64_t hidden) { return (hidden + kUnits - 1) / kUnits; }

// acc[m][g][v] = Σk h[m][k] · panel[k][g][v]. Sums run in P parts, so that additions do not wait.
template <int G, int M>
AI void products(const float* const (&h)[M], int64_t hidden, const float* panel, F32 (&acc)[M][G][kVectors]) {
  constexpr size_t N = F32::N;
  constexpr int kSums = M * G * kVectors;
  constexpr int P = kSums >= 8 ? 1 : kSums >= 4 ? 2 : kSums >= 2 ? 4 : 8;
  F32 sum[P][M][G][kVectors];
#pragma GCC unroll 8
  for (int p = 0; p < P; p++)
#pragma GCC unroll 4
    for (int m = 0; m < M; m++)
#pragma GCC unroll 4
      for (int g = 0; g < G; g++)
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; v++) sum[p][m][g][v] = 0.f;
  const auto add = [&](int p, int64_t k) __attribute__((always_inline)) {
    const float* w = panel + k * (G * kUnits);
#pragma GCC unroll 4
    for (int g = 0; g < G; g++)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; v++) {
        const F32 b = load(w + g * kUnits + v * static_cast<int>(N));
#pragma GCC unroll 4
        for (int m = 0; m < M; m++) sum[p][m][g][v] = fma(set1(h[m][k]), b, sum[p][m][g][v]);
      }
  };
  int64_t k = 0;
  for (; k + P <= hidden; k += P)
#pragma GCC unroll 8
    for (int p = 0; p < P; p++) add(p, k + p);
  for (; k < hidden; k++) add(0, k);
#pragma GCC unroll 4
  for (int m = 0; m < M; m++)
#pragma GCC unroll 4
    for (int g = 0; g < G; g++)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; v++) {
        F32 total = sum[0][m][g][v];
#pragma GCC unroll 8
        for (int p = 1; p < P; p++) total = total + sum[p][m][g][v];
        acc[m][g][v] = total;
      }
}

AI F32 clipTo(F32 x, float clip) { return clip > 0.f ? clamp(x, -clip, clip) : x; }

// f(unit, n) for the vectors of a panel that starts at `first`: n < N only at the end of the row.
template <class F>
AI void units(int64_t first, int64_t hidden, F f) {
  constexpr int64_t N = static_cast<int64_t>(F32::N);
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; v++) {
    const int64_t at = first + v * N, left = hidden - at;
    if (left >= N) f(v, at, static_cast<size_t>(N));
    else if (left > 0) f(v, at, static_cast<size_t>(left));
  }
}

struct Sequences {
  int64_t time, hidden;
  bool reverse;
  const Operand *gates, *h0, *y, *last;  // [T, B, G·H], [B, H] or absent, [T, B, H], [B, H]

  int64_t at(int64_t step) const { return reverse ? time - 1 - step : step; }
  const float* gate(int64_t step, int64_t b) const {
    return static_cast<const float*>(gates->data) + at(step) * gates->strides[0] + b * gates->strides[1];
  }
  float* out(int64_t step, int64_t b) const {
    return static_cast<float*>(y->data) + at(step) * y->strides[0] + b * y->strides[1];
  }
  static float* row(const Operand& o, int64_t b) {
    return o.data ? static_cast<float*>(o.data) + b * o.strides[0] : nullptr;
  }
  // The state before `step`; null: zeros.
  const float* before(int64_t step, int64_t b) const { return step > 0 ? out(step - 1, b) : row(*h0, b); }
  void finish(int64_t b) const {
    const float* state = before(time, b);
    float* to = row(*last, b);
    if (state) map(state, to, static_cast<size_t>(hidden), [](F32 v) { return v; });
    else fill(to, static_cast<size_t>(hidden), 0.f);
  }
};

// f(sequences, first) for the items: by kSequences as long as there are as many and all have the same
// length, else one by one. `lengths` (int32[B], or absent) are clamped to 0…T; Y is 0 from there on.
template <class F>
AI void bySequences(const StepArgs& a, const Sequences& all, const Operand& lengths, F f) {
  int64_t b = static_cast<int64_t>(a.begin);
  const int64_t end = static_cast<int64_t>(a.end);
  if constexpr (kSequences > 1)
    for (; !lengths.data && b + kSequences <= end; b += kSequences) f.template operator()<kSequences>(all, b);
  for (; b < end; b++) {
    Sequences one = all;
    if (lengths.data) {
      const int64_t length = static_cast<const int32_t*>(lengths.data)[b * lengths.strides[0]];
      one.time = length < 0 ? 0 : length < all.time ? length : all.time;
    }
    f.template operator()<1>(one, b);
    for (int64_t t = one.time; t < all.time; t++)
      fill(static_cast<float*>(all.y->data) + t * all.y->strides[0] + b * all.y->strides[1],
           static_cast<size_t>(all.hidden), 0.f);
  }
}

AI bool contiguous(const Operand& o) { return o.rank == 0 || o.dims[o.rank - 1] <= 1 || o.strides[o.rank - 1] == 1; }

// Checks `o` (if there) to be f32 of these dims with contiguous rows.
[[maybe_unused]] static bool isF32(const Operand& o, int rank, int64_t d0, int64_t d1, int64_t d2) {
  const int64_t dims[3] = {d0, d1, d2};
  if (!o.data) return false;
  if (o.type != Type::f32 || o.rank != rank || !contiguous(o)) return false;
  for (int i = 0; i < rank; i++)
    if (o.dims[i] != dims[i]) return false;
  return true;
}
[[maybe_unused]] static bool isF32OrAbsent(const Operand& o, int rank, int64_t d0, int64_t d1) {
  return !o.data || isF32(o, rank, d0, d1, 0);
}
[[maybe_unused]] static bool isLengths(const Operand& o, int64_t batch) {
  return !o.data || (o.type == Type::i32 && o.rank == 1 && o.dims[0] == batch);
}
// Packed weights of `gates` gates.
[[maybe_unused]] static bool isPacked(const Operand& o, int64_t hidden, int64_t gates) {
  if (!isF32(o, 3, panelsOf(hidden), hidden, gates * kUnits)) return false;
  return (o.dims[1] <= 1 || o.strides[1] == o.dims[2]) && (o.dims[0] <= 1 || o.strides[0] == o.dims[1] * o.dims[2]);
}

}  // namespace
}  // namespace haio::HAIO_ISA::recurrent
