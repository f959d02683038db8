// 3×3 convolutions of stride 1 by Winograd's minimal filtering, F(m×m, 3×3) with m = 4 or 2 (Lavin and
// Gray, "Fast Algorithms for Convolutional Neural Networks", 2015). With the transforms Aᵀ, G, Bᵀ of Cook
// and Toom for the points 0, ±√½, ±√2, ∞ (m = 4: as exact in f32 as the direct sum) or 0, ±1, ∞ (m = 2),
// each m×m tile of the output is Aᵀ[(G w Gᵀ) ⊙ (Bᵀ x B)]A, and the products over channels become (m+2)²
// matrix products.
#pragma once
#include "gemm/panels.h"
#include "kernel.h"
#include "vec.h"

namespace haio::HAIO_ISA::winograd {
namespace {

constexpr float kSqrtHalf = 0.70710678118654752f, kSqrt2 = 1.4142135623730951f;

// The one-dimensional transforms. Rows for points ±p share their even part and have opposite odd parts.
template <int M>
struct Filter;
template <>
struct Filter<4> {
  static constexpr int N = 6;
  [[gnu::always_inline]] static void input(const F32 (&d)[6], F32 (&v)[6]) {
    v[0] = fma(set1(-2.5f), d[2], d[0] + d[4]);
    const F32 e1 = fma(set1(-2.f), d[2], d[4]), o1 = set1(kSqrtHalf) * fma(set1(-2.f), d[1], d[3]);
    v[1] = e1 + o1;
    v[2] = e1 - o1;
    const F32 e2 = fma(set1(-0.5f), d[2], d[4]), o2 = set1(kSqrt2) * fma(set1(-0.5f), d[1], d[3]);
    v[3] = e2 + o2;
    v[4] = e2 - o2;
    v[5] = fma(set1(-2.5f), d[3], d[1] + d[5]);
  }
  [[gnu::always_inline]] static void output(const F32 (&v)[6], F32 (&y)[4]) {
    const F32 s1 = v[1] + v[2], d1 = v[1] - v[2], s2 = v[3] + v[4], d2 = v[3] - v[4];
    y[0] = v[0] + s1 + s2;
    y[1] = fma(set1(kSqrt2), d2, set1(kSqrtHalf) * d1);
    y[2] = fma(set1(2.f), s2, set1(0.5f) * s1);
    y[3] = fma(set1(2.f * kSqrt2), d2, fma(set1(0.5f * kSqrtHalf), d1, v[5]));
  }
  static void weight(const double (&g)[3], double (&u)[6]) {
    constexpr double p = 0.70710678118654752440, q = 1.41421356237309504880;
    u[0] = g[0];
    u[1] = (g[0] + p * g[1] + 0.5 * g[2]) / -1.5;
    u[2] = (g[0] - p * g[1] + 0.5 * g[2]) / -1.5;
    u[3] = (g[0] + q * g[1] + 2 * g[2]) / 6;
    u[4] = (g[0] - q * g[1] + 2 * g[2]) / 6;
    u[5] = g[2];
  }
};
template <>
struct Filter<2> {
  static constexpr int N = 4;
  [[gnu::always_inline]] static void input(const F32 (&d)[4], F32 (&v)[4]) {
    v[0] = d[2] - d[0];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[3] - d[1];
  }
  [[gnu::always_inline]] static void output(const F32 (&v)[4], F32 (&y)[2]) {
    y[0] = v[0] + v[1] + v[2];
    y[1] = v[1] - v[2] + v[3];
  }
  static void weight(const double (&g)[3], double (&u)[4]) {
    u[0] = -g[0];
    u[1] = 0.5 * (g[0] + g[1] + g[2]);
    u[2] = 0.5 * (g[0] - g[1] + g[2]);
    u[3] = g[2];
  }
};

constexpr int64_t kLimit = int64_t(1) << 31;

// U of m for `channels` and `outputs`, both below kLimit.
[[maybe_unused]] const char* checkWeights(const Operand& u, int32_t m, int64_t channels, int64_t outputs) {
  if (m != 2 && m != 4) return "m must be 2 or 4";
  if (u.rank != 2 || u.type != Type::f32 || u.dims[0] != (m + 2) * (m + 2) ||
      (u.dims[1] > 1 && u.strides[1] != 1))
    return "transformed weights";
  const int64_t floats = gemm::panelsOf(outputs) * gemm::kPanel;
  return channels > 0 && floats > u.dims[1] / channels ? "transformed weights are too small" : nullptr;
}

}  // namespace
}  // namespace haio::HAIO_ISA::winograd
