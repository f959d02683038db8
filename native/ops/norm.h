// Layer and root-mean-square normalisation of rows (the last axis).
//   in:  x, scale[n], bias[n], residual (dims of x); all but x may be absent
//   out: y, and the sum x + residual where the kernel has a second output
// s = x + residual; centred: d = s − mean(s), else d = s; y = d / √(mean(d²) + epsilon) · scale + bias.
// The mean and the mean square are taken in passes of their own over the row, which is in L1 by then.
// y may be x or residual.
#pragma once
#include "lines.h"

namespace haio::HAIO_ISA::norm {
using namespace lines;
namespace {

struct NormParams {
  float epsilon;
};
constexpr const char* kNormSignature = "epsilon:f32";

template <bool kScale, bool kBias>
AI void applyNorm(const float* s, float* y, size_t n, float mean, float inverse, const float* scale, const float* bias) {
  inParts<4>(n, [&]<int V, bool kFull>(size_t i, size_t m) {
#pragma GCC unroll 4
    for (int k = 0; k < V; k++) {
      const size_t at = i + k * F32::N;
      F32 v = (part<kFull>(s + at, m) - mean) * inverse;
      if constexpr (kScale && kBias) v = fma(v, part<kFull>(scale + at, m), part<kFull>(bias + at, m));
      else if constexpr (kScale) v = v * part<kFull>(scale + at, m);
      else if constexpr (kBias) v = v + part<kFull>(bias + at, m);
      put<kFull>(y + at, v, m);
    }
  });
}

// Folds add(sum, offset, count) over the vectors of a row, in runs short enough for float whose totals
// are added up in double. Lanes beyond a row's end are left alone.
template <class F>
AI double foldRow(size_t n, F add) {
  constexpr size_t kRun = 2048;
  double total = 0;
  for (size_t from = 0; from < n; from += kRun) {
    F32 sums[4] = {0.f, 0.f, 0.f, 0.f};
    inParts<4>(n - from < kRun ? n - from : kRun, [&]<int V, bool kFull>(size_t i, size_t m) {
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) {
        const F32 next = add.template operator()<kFull>(sums[v], from + i + v * F32::N, m);
        sums[v] = kFull ? next : select(firstN(m), next, sums[v]);
      }
    });
    total += static_cast<double>(reduceAdd((sums[0] + sums[1]) + (sums[2] + sums[3])));
  }
  return total;
}

// `share` is 1 / n.
template <bool kCentred>
AI void normRow(const float* x, const float* residual, const float* scale, const float* bias, float* y, float* sum,
                size_t n, float epsilon, double share) {
  const float* s = x;
  double total = 0;
  if (residual) {
    float* to = sum ? sum : y;
    total = foldRow(n, [=]<bool kFull>(F32 acc, size_t at, size_t m) {
      const F32 v = part<kFull>(x + at, m) + part<kFull>(residual + at, m);
      put<kFull>(to + at, v, m);
      return acc + v;
    });
    s = to;
  } else {
    if (sum) map(x, sum, n, [](F32 v) { return v; });
    if (kCentred) total = foldRow(n, [=]<bool kFull>(F32 acc, size_t at, size_t m) { return acc + part<kFull>(x + at, m); });
  }
  const float mean = kCentred ? static_cast<float>(total * share) : 0.f;
  const double square = foldRow(n, [=]<bool kFull>(F32 acc, size_t at, size_t m) {
    const F32 d = part<kFull>(s + at, m) - mean;
    return fma(d, d, acc);
  });
  const float inverse = 1.f / __builtin_sqrtf(static_cast<float>(square * share) + epsilon);
  if (scale && bias) applyNorm<true, true>(s, y, n, mean, inverse, scale, bias);
  else if (scale) applyNorm<true, false>(s, y, n, mean, inverse, scale, bias);
  else if (bias) applyNorm<false, true>(s, y, n, mean, inverse, scale, bias);
  else applyNorm<false, false>(s, y, n, mean, inverse, scale, bias);
}

template <bool kCentred>
void runNorm(const StepArgs& a) {
  const Operand &x = a.in[0], &residual = a.in[3], &y = a.out[0];
  const Operand* sum = a.outCount > 1 ? &a.out[1] : nullptr;
  const int last = x.rank - 1;
  Nest<4> nest;
  for (int i = 0; i < last; i++)
    nest.add(x.dims[i],
             {x.strides[i], residual.data ? residual.strides[i] : 0, y.strides[i], sum ? sum->strides[i] : 0}, true);
  Walk<4> w = nest.walk(a.begin);
  const float* scale = static_cast<const float*>(a.in[1].data);
  const float* bias = static_cast<const float*>(a.in[2].data);
  const float epsilon = paramsOf<NormParams>(a).epsilon;
  const double share = 1.0 / static_cast<double>(x.dims[last]);
  for (size_t i = a.begin; i < a.end; i++, w.next())
    normRow<kCentred>(static_cast<const float*>(x.data) + w.at[0],
                      residual.data ? static_cast<const float*>(residual.data) + w.at[1] : nullptr, scale, bias,
                      static_cast<float*>(y.data) + w.at[2],
                      sum ? static_cast<float*>(sum->data) + w.at[3] : nullptr, static_cast<size_t>(x.dims[last]),
                      epsilon, share);
}

[[maybe_unused]] static const char* checkNorm(const StepArgs& a, size_t) {
  const Operand& x = a.in[0];
  if (!x.data || x.type != Type::f32 || x.rank < 1) return "the input must be f32 of rank 1 or more";
  const int last = x.rank - 1;
  const int64_t n = x.dims[last];
  for (int k = 1; k <= 2; k++) {
    const Operand& v = a.in[k];
    if (v.data && (v.type != Type::f32 || v.rank != 1 || v.dims[0] != n || (n > 1 && v.strides[0] != 1)))
      return "scale and bias must be contiguous and as long as a row";
  }
  size_t items = 1;
  for (int i = 0; i < last; i++) items *= static_cast<size_t>(x.dims[i]);
  const Operand* same[] = {&x, &a.in[3], &a.out[0], &a.out[a.outCount - 1]};
  for (const Operand* o : same) {
    if (!o->data && o == &a.in[3]) continue;
    if (!o->data || o->type != Type::f32 || o->rank != x.rank) return "operands must have one rank";
    for (int i = 0; i <= last; i++)
      if (o->dims[i] != x.dims[i]) return "operands must have the same dims";
    if (n > 1 && o->strides[last] != 1) return "rows must be contiguous";
  }
  return a.end == items ? nullptr : "items must be the number of rows";
}

}  // namespace
}  // namespace haio::HAIO_ISA::norm
