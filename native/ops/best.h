// Which element of each line is the greatest or least: ArgMax, ArgMin, Hardmax.
#pragma once
#include "lines.h"

namespace haio::HAIO_ISA::best {
using namespace lines;
namespace {

template <bool kMax>
AI F32 better(F32 a, F32 b) {
  if constexpr (kMax) return max(a, b);
  return min(a, b);
}
template <bool kMax>
AI Mask beats(F32 a, F32 b) {
  if constexpr (kMax) return a > b;
  return a < b;
}

// Index of the first (or last) element of a line that is the best; 0 where NaN hides it. Two passes:
// the value, then its place.
template <bool kMax>
AI int64_t bestOf(const float* x, size_t n, bool last) {
  constexpr size_t N = F32::N;
  const F32 value = kMax ? greatest(x, n) : least(x, n);
  const size_t blocks = (n + N - 1) / N;
  for (size_t b = 0; b < blocks; b++) {
    const size_t at = (last ? blocks - 1 - b : b) * N, m = n - at < N ? n - at : N;
    if (!any((load(x + at, m) == value) & firstN(m))) continue;
    float lanes[N];
    store(lanes, value);
    for (size_t i = 0; i < m; i++) {
      const size_t k = at + (last ? m - 1 - i : i);
      if (x[k] == lanes[0]) return static_cast<int64_t>(k);
    }
  }
  return 0;
}

// The same for n ≤ N lines side by side, of less than 2^31 elements, whose elements are `step` apart.
template <bool kMax, bool kFull>
AI I32 bestOfColumns(const float* x, int64_t length, int64_t step, size_t n, bool last) {
  F32 value = part<kFull>(x, n);
  I32 at = 0;
  for (int64_t i = 1; i < length; i++) {
    const F32 v = part<kFull>(x + i * step, n);
    const Mask m = last ? beats<kMax>(v, value) | (v == value) : beats<kMax>(v, value);
    value = select(m, v, value);
    at = select(m, I32(static_cast<int32_t>(i)), at);
  }
  return at;
}

// The same of any type, plainly.
template <bool kMax, class T>
static inline int64_t bestPlain(const T* x, int64_t length, int64_t step, bool last) {
  int64_t best = 0;
  for (int64_t i = 1; i < length; i++) {
    const T a = x[i * step], b = x[best * step];
    if ((kMax ? a > b : a < b) || (last && a == b)) best = i;
  }
  return best;
}

}  // namespace
}  // namespace haio::HAIO_ISA::best
