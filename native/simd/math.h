// Elementary functions over F32. Polynomials are minimax fits of the relative error on the reduced
// range. Right for NaN, infinities and any finite argument; results below the smallest normal number
// may be 0, and such arguments count as 0. Errors are a few units in the last place unless said otherwise.
#pragma once
#include "vec.h"

namespace haio::HAIO_ISA {
namespace {

constexpr float kInf = __builtin_inff(), kNaN = __builtin_nanf("");
constexpr float kLog2e = 1.44269504f, kLn2 = 0.693147181f;
constexpr float kLn2Hi = 0.693115234375f, kLn2Lo = 3.19461849e-5f;  // the first has 15 bits
constexpr float kPi = 3.14159265f, kHalfPi = 1.57079633f;
constexpr float kSqrtHalf = 0.707106781f;
constexpr float kMinNormal = 1.17549435e-38f;

// c0 + x·(c1 + x·(c2 + …))
AI F32 horner(F32, float c) { return c; }
template <class... C>
AI F32 horner(F32 x, float c, C... rest) {
  return fma(horner(x, rest...), x, c);
}

AI Mask isNaN(F32 x) { return x != x; }
AI Mask isInf(F32 x) { return abs(x) == kInf; }
AI F32 clamp(F32 x, F32 lo, F32 hi) { return min(hi, max(lo, x)); }  // NaN stays
AI F32 sign(F32 x) { return select((x < 0.f) | (x > 0.f), copySign(1.f, x), x); }
AI F32 toF32(Mask m) { return select(m, F32(1.f), F32(0.f)); }

// e^r − 1 − r for |r| ≤ ln 2 / 2
AI F32 expTail(F32 r) {
  return r * r * horner(r, 0.5f, 0.166665196f, 0.0416684002f, 0.00836885069f, 0.00138143206f);
}
// e^x · 2^k
AI F32 expScaled(F32 x, float k) {
  x = clamp(x, -105.f, 90.f);
  const F32 n = roundEven(x * kLog2e);
  const F32 r = fnma(n, kLn2Lo, fnma(n, kLn2Hi, x));
  return scale2(1.f + (r + expTail(r)), n + k);
}
AI F32 exp(F32 x) { return expScaled(x, 0.f); }
// e^x for x ≤ 0: what a softmax needs; results below the smallest normal number are 0.
AI F32 expOfNegative(F32 x) {
  const F32 n = max(roundEven(x * kLog2e), F32(-126.f));
  const F32 r = fnma(n, kLn2Lo, fnma(n, kLn2Hi, x));
  return select(x < -87.3f, F32(0.f), (1.f + (r + expTail(r))) * exp2i(n));
}
// e^x − 1 for x ≤ 88
AI F32 expm1(F32 x) {
  x = clamp(x, -40.f, 88.f);
  const F32 n = roundEven(x * kLog2e);
  const F32 r = fnma(n, kLn2Lo, fnma(n, kLn2Hi, x));
  const F32 two = exp2i(n);
  return fma(two, r + expTail(r), two - 1.f);
}

struct Split {
  F32 exponent, fraction;  // x = (1 + fraction)·2^exponent, 1 + fraction in [√½, √2)
};
AI Split split(F32 x) {
  const I32 b = bits(x) - bits(F32(kSqrtHalf));
  const I32 e = sar<23>(b);
  return {toF32(e), fromBits(bits(x) - shl<23>(e)) - 1.f};
}
AI F32 log(F32 x) {
  const auto [e, f] = split(x);
  const F32 f2 = f * f;
  F32 y = f * f2 *
          horner(f, 0.333333135f, -0.250000089f, 0.200021192f, -0.166679949f, 0.142195538f, -0.124055944f,
                 0.118881576f, -0.116756193f, 0.06746611f);
  y = fma(e, kLn2Lo, y);
  y = fnma(f2, 0.5f, y);
  y = fma(e, kLn2Hi, f + y);
  y = select(x == kInf, x, y);
  y = select(x < kMinNormal, select(x > -kMinNormal, F32(-kInf), F32(kNaN)), y);
  return select(isNaN(x), x, y);
}
// log(1 + x) for x > −1, precise near 0: log u + (x − (u − 1)) / u with u = 1 + x
AI F32 log1p(F32 x) {
  const F32 u = 1.f + x;
  const F32 y = log(u) + (x - (u - 1.f)) / u;
  return select((u > 0.f) & (u < kInf), y, log(u));
}

AI F32 sigmoid(F32 x) { return 1.f / (1.f + exp(-x)); }

// y kept in [−1, 1], and ±1 where |x| ≥ limit
AI F32 saturated(F32 x, float limit, F32 y) {
  return select(abs(x) >= limit, copySign(1.f, x), clamp(y, -1.f, 1.f));
}
AI F32 tanh(F32 x) {
  const F32 z = x * x;
  const F32 p =
      horner(z, 1.f, 0.136799145f, 0.00386832711f, 2.80074474e-05f, 3.05849995e-08f, -1.22034524e-11f);
  const F32 q = horner(z, 1.f, 0.470132466f, 0.0272458364f, 0.000393863005f, 1.28736586e-06f);
  return saturated(x, 9.02f, x * p / q);
}

// Rational in x, absolute error 4e-7.
AI F32 erf(F32 x) {
  const F32 z = x * x;
  const F32 p = horner(z, 1.128379023f, 1.927609215e-1f, 5.306007234e-2f, 3.868191114e-3f, 2.874759172e-4f,
                       2.034755437e-6f);
  const F32 q =
      horner(z, 1.f, 5.041615870e-1f, 1.150833259e-1f, 1.517202846e-2f, 1.188081054e-3f, 3.807066815e-5f);
  return saturated(x, 3.92f, x * p / q);
}

// π/2 in parts of 11 bits: n·part is exact for n below 2^13
constexpr float kHalfPi1 = 1.5703125f, kHalfPi2 = 4.83512878e-4f, kHalfPi3 = 3.13855708e-7f,
                kHalfPi4 = 6.0771005e-11f;
constexpr float kNearZero = 8192.f;  // the largest argument that is reduced by these

struct Angle {
  F32 rest;      // in [−π/4, π/4]
  I32 quadrant;  // multiples of π/2, modulo 4
};

// The same for one argument of any size (Payne and Hanek, 1983): x·2/π modulo 4 in fixed point, from
// the 96 bits of 2/π that matter.
[[maybe_unused, gnu::noinline]] static float reduceLarge(float x, int32_t* quadrant) {
  static const uint32_t kTwoOverPi[] = {0xA2F9836E, 0x4E441529, 0xFC2757D1,
                                        0xF534DDC0, 0xDB629599, 0x3C439041};
  uint32_t b;
  memcpy(&b, &x, 4);
  const int exponent = static_cast<int>(b >> 23 & 255) - 150;  // |x| = m·2^exponent
  const uint64_t m = (b & 0x7fffff) | 0x800000;
  double r;
  int64_t n;
  if (exponent < 2) {
    const double a = static_cast<double>(m) *
                     (exponent < 0 ? 1.0 / static_cast<double>(1u << (exponent < -31 ? 31 : -exponent))
                                   : static_cast<double>(1u << exponent));
    n = static_cast<int64_t>(a * 0.63661977236758134 + 0.5);
    const double k = static_cast<double>(n);
    r = (a - k * 1.570796325802803) - k * 9.9209357e-10;
  } else {
    const int first = exponent - 2, word = first / 32, shift = first % 32;
    uint32_t w[3];
    for (int i = 0; i < 3; i++) {
      const int at = word + i;
      const uint32_t high = at < 6 ? kTwoOverPi[at] : 0, low = at + 1 < 6 ? kTwoOverPi[at + 1] : 0;
      w[i] = shift ? high << shift | low >> (32 - shift) : high;
    }
    const uint64_t low = m * w[2], mid = m * w[1] + (low >> 32);
    const uint64_t top = m * w[0] + (mid >> 32);  // bits 64… of the product
    const uint64_t fixed =
        (top & 0xffffffff) << 32 | (mid & 0xffffffff);  // x·2/π modulo 4, 62 bits of fraction
    n = static_cast<int64_t>(fixed >> 62) + static_cast<int64_t>(fixed >> 61 & 1);
    const int64_t part = static_cast<int64_t>(fixed << 2);  // nearest multiple taken away
    r = static_cast<double>(part) * (1.5707963267948966 / 18446744073709551616.0);
  }
  if (b >> 31) {
    n = -n;
    r = -r;
  }
  *quadrant = static_cast<int32_t>(n & 3);
  return static_cast<float>(r);
}

AI Angle reduceAngle(F32 x) {
  const F32 n = roundEven(x * 0.636619772f);
  F32 r = fnma(n, kHalfPi1, x);
  r = fnma(n, kHalfPi2, r);
  r = fnma(n, kHalfPi3, r);
  r = fnma(n, kHalfPi4, r);
  I32 q = roundI32(n) & 3;
  const Mask large = abs(x) > kNearZero;
  if (any(large & (abs(x) < kInf))) [[unlikely]] {
    float xs[F32::N], rs[F32::N];
    int32_t qs[F32::N];
    store(xs, x);
    for (size_t i = 0; i < F32::N; i++) {
      qs[i] = 0;
      rs[i] = __builtin_fabsf(xs[i]) > kNearZero && __builtin_fabsf(xs[i]) < kInf ? reduceLarge(xs[i], &qs[i])
                                                                                  : 0.f;
    }
    r = select(large, load(rs), r);
    q = select(large, load(qs), q);
  }
  return {select(abs(x) < kInf, r, F32(kNaN)), q};
}
AI F32 sinNear(F32 r) {
  const F32 z = r * r;
  return fma(r * z, horner(z, -0.166666538f, 0.00833213143f, -0.000195108398f), r);
}
AI F32 cosNear(F32 r) {
  const F32 z = r * r;
  return fma(z * z, horner(z, 0.0416666456f, -0.0013887306f, 2.4431205e-05f), fnma(z, 0.5f, 1.f));
}
// sin(x + k·π/2)
AI F32 sinTurned(F32 x, int32_t k) {
  const Angle a = reduceAngle(x);
  const I32 q = a.quadrant + k;
  const F32 y = select((q & 1) == 0, sinNear(a.rest), cosNear(a.rest));
  return fromBits(bits(y) ^ shl<30>(q & 2));
}
AI F32 sin(F32 x) { return sinTurned(x, 0); }
AI F32 cos(F32 x) { return sinTurned(x, 1); }
AI F32 tan(F32 x) {
  const Angle a = reduceAngle(x);
  const F32 s = sinNear(a.rest), c = cosNear(a.rest);
  const Mask even = (a.quadrant & 1) == 0;
  return select(even, s, -c) / select(even, c, s);
}

// asin x for x in [0, 1/2], from z = x²
AI F32 asinNear(F32 x, F32 z) {
  return fma(x * z, horner(z, 0.166667536f, 0.0749524161f, 0.045477096f, 0.0241476148f, 0.0422185399f), x);
}
AI F32 asin(F32 x) {
  const F32 a = abs(x);
  const Mask outer = a > 0.5f;
  const F32 half = 0.5f * (1.f - a), z = select(outer, half, a * a);
  const F32 y = asinNear(select(outer, sqrt(half), a), z);
  return copySign(select(outer, fnma(y, 2.f, kHalfPi), y), x);
}
AI F32 acos(F32 x) {
  const F32 a = abs(x);
  const Mask outer = a > 0.5f;
  const F32 half = 0.5f * (1.f - a), z = select(outer, half, a * a);
  const F32 y = asinNear(select(outer, sqrt(half), a), z);
  const F32 far = select(x > 0.f, 2.f * y, fnma(y, 2.f, kPi));
  return select(outer, far, kHalfPi - copySign(y, x));
}
AI F32 atan(F32 x) {
  const F32 a = abs(x);
  const Mask far = a > 2.41421356f, mid = ~far & (a > 0.414213562f);  // tan 3π/8, tan π/8
  const F32 t = select(far, -1.f, select(mid, a - 1.f, a)) / select(far, a, select(mid, a + 1.f, F32(1.f)));
  const F32 base = select(far, F32(kHalfPi), select(mid, F32(0.5f * kHalfPi), F32(0.f)));
  const F32 z = t * t;
  const F32 y = fma(t * z, horner(z, -0.333329529f, 0.19977808f, -0.138784543f, 0.0805544928f), t);
  return copySign(base + y, x);
}

AI F32 sinh(F32 x) {
  const F32 a = abs(x), z = a * a;
  const F32 near = fma(a * z, horner(z, 0.166667178f, 0.00833021104f, 0.000203774034f), a);
  const F32 far = expScaled(a, -1.f) - expScaled(-a, -1.f);
  return copySign(select(a < 1.f, near, far), x);
}
AI F32 cosh(F32 x) {
  const F32 a = abs(x);
  return expScaled(a, -1.f) + expScaled(-a, -1.f);
}
AI F32 asinh(F32 x) {
  const F32 a = abs(x), z = a * a;
  const F32 near = log1p(a + z / (1.f + sqrt(1.f + z)));
  return copySign(select(a < 1e18f, near, log(a) + kLn2), x);
}
AI F32 acosh(F32 x) {
  const F32 t = x - 1.f;
  const F32 near = log1p(t + sqrt(t * (x + 1.f)));
  return select(x < 1.f, F32(kNaN), select(x < 1e18f, near, log(x) + kLn2));
}
AI F32 atanh(F32 x) {
  const F32 a = abs(x);
  const F32 y = 0.5f * log1p(2.f * a / (1.f - a));
  return select(a > 1.f, F32(kNaN), copySign(select(a == 1.f, F32(kInf), y), x));
}

// log(1 + e^x)
AI F32 softplus(F32 x) { return max(F32(0.f), x) + log1p(exp(-abs(x))); }

// a·b as a rounded product and its exact rest.
struct Pair {
  F32 hi, lo;
};
AI Pair product(F32 a, F32 b) {
  const F32 p = a * b;
  if constexpr (kFused) return {p, fma(a, b, -p)};
  const auto upper = [](F32 x) { return fromBits(bits(x) & ~0xfff); };
  const F32 a1 = upper(a), a2 = a - a1, b1 = upper(b), b2 = b - b1;
  return {p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2};
}

// |x|^y with log2 |x| in two parts; x finite, not 0.
AI F32 powNear(F32 x, F32 y) {
  const auto [e, f] = split(abs(x));
  const F32 d = 2.f + f, s = f / d;
  const Pair sd = product(s, d);
  const F32 rest = ((f - sd.hi) - sd.lo - s * (f - (d - 2.f))) / d;  // s + rest = f / (2 + f)
  const F32 z = s * s;
  // log2(1 + f) = 2/ln 2 · (s + rest) + s³·P(s²); 2/ln 2 in two parts
  const Pair main = product(s, 2.88539004f);
  F32 lo = main.lo + s * 3.85192598e-8f + rest * 2.88539004f;
  lo = fma(s * z, horner(z, 0.961796701f, 0.577082872f, 0.411704302f, 0.340259433f), lo);
  const F32 sum = e + main.hi;
  lo = lo + (main.hi - (sum - e));
  const F32 log2Hi = sum + lo;
  const F32 log2Lo = lo - (log2Hi - sum);
  const Pair p = product(log2Hi, y);
  const F32 c = clamp(p.hi, -250.f, 250.f);
  const F32 n = roundEven(c);
  const F32 r = (c - n) + select(abs(p.hi) < 250.f, fma(log2Lo, y, p.lo), F32(0.f));
  const F32 two = fma(
      r, horner(r, 0.693147182f, 0.240226477f, 0.0555033199f, 0.00961843971f, 0.00133991323f, 0.00015353151f),
      1.f);
  return scale2(two, n);
}
// x^y as C's powf.
AI F32 pow(F32 x, F32 y) {
  const F32 a = abs(x), ay = abs(y);
  const Mask whole = roundEven(y) == y,
             odd = whole & (ay < 16777216.f) & ((roundI32(select(ay < 16777216.f, y, F32(0.f))) & 1) == 1);
  const Mask zero = a < kMinNormal, infinite = a == kInf;
  F32 r = powNear(select(zero | infinite, F32(1.f), x), select(ay < kInf, y, F32(0.f)));
  const F32 up = select(y > 0.f, F32(kInf), F32(0.f)), down = select(y > 0.f, F32(0.f), F32(kInf));
  r = select(infinite | ((ay == kInf) & (a > 1.f)), up, r);
  r = select(zero | ((ay == kInf) & (a < 1.f)), down, r);
  r = select((x < 0.f) & ~whole & ~infinite & ~zero, F32(kNaN), r);
  r = select(odd, copySign(r, x), r);
  r = select(isNaN(x) | isNaN(y), x + y, r);
  return select((y == 0.f) | (x == 1.f), F32(1.f), r);
}

}  // namespace
}  // namespace haio::HAIO_ISA
