// The compiler's own vectors of 16 bytes, for any CPU. See simd/contract.h.
#pragma once
#include "simd/contract.h"

namespace haio::HAIO_ISA {
namespace {

typedef float Floats __attribute__((vector_size(16)));
typedef int32_t Ints __attribute__((vector_size(16)));
typedef uint32_t Words __attribute__((vector_size(16)));

struct F32 {
  static constexpr size_t N = 4;
  Floats v;
  F32() = default;
  [[gnu::always_inline]] F32(Floats x) : v(x) {}
  [[gnu::always_inline]] F32(float x) : v(Floats{x, x, x, x}) {}
};
struct I32 {
  static constexpr size_t N = 4;
  Ints v;
  I32() = default;
  [[gnu::always_inline]] I32(Ints x) : v(x) {}
  [[gnu::always_inline]] I32(int32_t x) : v(Ints{x, x, x, x}) {}
};
struct Mask {
  Ints m;  // all bits of a lane, or none
};

constexpr bool kFused = false;

AI F32 set1(float x) { return x; }
AI I32 set1(int32_t x) { return x; }
AI I32 iota() { return Ints{0, 1, 2, 3}; }
AI Mask firstN(size_t n) { return {iota().v < I32(static_cast<int32_t>(n)).v}; }

AI F32 load(const float* p) {
  F32 r;
  memcpy(&r.v, p, 16);
  return r;
}
AI F32 load(const float* p, size_t n) {
  float a[4] = {};
  memcpy(a, p, n * sizeof *a);
  return load(a);
}
AI void store(float* p, F32 x) { memcpy(p, &x.v, 16); }
AI void store(float* p, F32 x, size_t n) {
  float a[4];
  store(a, x);
  memcpy(p, a, n * sizeof *a);
}
AI I32 load(const int32_t* p) {
  I32 r;
  memcpy(&r.v, p, 16);
  return r;
}
AI I32 load(const int32_t* p, size_t n) {
  int32_t a[4] = {};
  memcpy(a, p, n * sizeof *a);
  return load(a);
}
AI void store(int32_t* p, I32 x) { memcpy(p, &x.v, 16); }
AI void store(int32_t* p, I32 x, size_t n) {
  int32_t a[4];
  store(a, x);
  memcpy(p, a, n * sizeof *a);
}

AI I32 loadU8(const uint8_t* p) { return Ints{p[0], p[1], p[2], p[3]}; }
AI I32 loadI8(const int8_t* p) { return Ints{p[0], p[1], p[2], p[3]}; }
AI I32 loadU16(const uint16_t* p) { return Ints{p[0], p[1], p[2], p[3]}; }
AI I32 loadI16(const int16_t* p) { return Ints{p[0], p[1], p[2], p[3]}; }
AI void storeU8(uint8_t* p, I32 x) {
  for (int i = 0; i < 4; i++) p[i] = static_cast<uint8_t>(x.v[i]);
}
AI void storeU16(uint16_t* p, I32 x) {
  for (int i = 0; i < 4; i++) p[i] = static_cast<uint16_t>(x.v[i]);
}

AI I32 bits(F32 a) { return reinterpret_cast<Ints>(a.v); }
AI F32 fromBits(I32 a) { return reinterpret_cast<Floats>(a.v); }

AI F32 operator+(F32 a, F32 b) { return a.v + b.v; }
AI F32 operator-(F32 a, F32 b) { return a.v - b.v; }
AI F32 operator*(F32 a, F32 b) { return a.v * b.v; }
AI F32 operator/(F32 a, F32 b) { return a.v / b.v; }
AI F32 operator-(F32 a) { return -a.v; }
AI F32 fma(F32 a, F32 b, F32 c) { return a.v * b.v + c.v; }
AI F32 fnma(F32 a, F32 b, F32 c) { return c.v - a.v * b.v; }

AI Mask operator<(F32 a, F32 b) { return {a.v < b.v}; }
AI Mask operator<=(F32 a, F32 b) { return {a.v <= b.v}; }
AI Mask operator>(F32 a, F32 b) { return {a.v > b.v}; }
AI Mask operator>=(F32 a, F32 b) { return {a.v >= b.v}; }
AI Mask operator==(F32 a, F32 b) { return {a.v == b.v}; }
AI Mask operator!=(F32 a, F32 b) { return {a.v != b.v}; }
AI Mask operator<(I32 a, I32 b) { return {a.v < b.v}; }
AI Mask operator<=(I32 a, I32 b) { return {a.v <= b.v}; }
AI Mask operator>(I32 a, I32 b) { return {a.v > b.v}; }
AI Mask operator>=(I32 a, I32 b) { return {a.v >= b.v}; }
AI Mask operator==(I32 a, I32 b) { return {a.v == b.v}; }
AI Mask operator!=(I32 a, I32 b) { return {a.v != b.v}; }

AI Mask operator&(Mask a, Mask b) { return {a.m & b.m}; }
AI Mask operator|(Mask a, Mask b) { return {a.m | b.m}; }
AI Mask operator^(Mask a, Mask b) { return {a.m ^ b.m}; }
AI Mask operator~(Mask a) { return {~a.m}; }
AI bool any(Mask a) { return (a.m[0] | a.m[1] | a.m[2] | a.m[3]) != 0; }
AI bool all(Mask a) { return (a.m[0] & a.m[1] & a.m[2] & a.m[3]) != 0; }
AI I32 select(Mask m, I32 a, I32 b) { return (m.m & a.v) | (~m.m & b.v); }
AI F32 select(Mask m, F32 a, F32 b) { return fromBits(select(m, bits(a), bits(b))); }

AI I32 operator+(I32 a, I32 b) { return reinterpret_cast<Ints>((Words)a.v + (Words)b.v); }
AI I32 operator-(I32 a, I32 b) { return reinterpret_cast<Ints>((Words)a.v - (Words)b.v); }
AI I32 operator*(I32 a, I32 b) { return reinterpret_cast<Ints>((Words)a.v * (Words)b.v); }
AI I32 operator&(I32 a, I32 b) { return a.v & b.v; }
AI I32 operator|(I32 a, I32 b) { return a.v | b.v; }
AI I32 operator^(I32 a, I32 b) { return a.v ^ b.v; }
AI I32 operator~(I32 a) { return ~a.v; }
AI I32 min(I32 a, I32 b) { return select(a < b, a, b); }
AI I32 max(I32 a, I32 b) { return select(a > b, a, b); }
AI I32 abs(I32 a) { return select(a < 0, I32(0) - a, a); }
template <int K>
AI I32 shl(I32 a) {
  return reinterpret_cast<Ints>((Words)a.v << K);
}
template <int K>
AI I32 shr(I32 a) {
  return reinterpret_cast<Ints>((Words)a.v >> K);
}
template <int K>
AI I32 sar(I32 a) {
  return a.v >> K;
}

AI F32 min(F32 a, F32 b) { return select(a < b, a, b); }
AI F32 max(F32 a, F32 b) { return select(a > b, a, b); }
AI F32 minNaN(F32 a, F32 b) { return select(a != a, a, min(a, b)); }
AI F32 maxNaN(F32 a, F32 b) { return select(a != a, a, max(a, b)); }
AI F32 abs(F32 a) { return fromBits(bits(a) & 0x7fffffff); }
AI F32 copySign(F32 a, F32 sign) { return fromBits((bits(a) & 0x7fffffff) | (bits(sign) & INT32_MIN)); }
AI F32 sqrt(F32 a) {
  F32 r;
  for (int i = 0; i < 4; i++) r.v[i] = __builtin_sqrtf(a.v[i]);
  return r;
}
// From 2^23 on every float is integral; below, adding and taking away 2^23 rounds to nearest even.
AI F32 roundEven(F32 a) {
  const F32 m = abs(a), big = 8388608.f;
  return select(m < big, copySign((m + big) - big, a), a);
}
AI F32 trunc(F32 a) {
  const F32 m = abs(a), r = roundEven(m);
  return copySign(select(r > m, r - 1.f, r), a);
}
AI F32 floor(F32 a) {
  const F32 r = roundEven(a);
  return copySign(select(r > a, r - 1.f, r), a);
}
AI F32 ceil(F32 a) {
  const F32 r = roundEven(a);
  return copySign(select(r < a, r + 1.f, r), a);
}

AI F32 toF32(I32 a) { return __builtin_convertvector(a.v, Floats); }
AI I32 truncI32(F32 a) {
  // out of range is undefined for a conversion: such lanes become 0 first
  return __builtin_convertvector(select((a >= -2147483648.f) & (a < 2147483648.f), a, 0.f).v, Ints);
}
AI I32 roundI32(F32 a) { return truncI32(roundEven(a)); }

AI F32 exp2i(F32 n) { return fromBits(shl<23>(truncI32(n) + 127)); }
AI F32 scale2(F32 x, F32 n) {
  // two factors keep both exponents in range
  const I32 whole = truncI32(n), half = sar<1>(whole);
  return x * fromBits(shl<23>(half + 127)) * fromBits(shl<23>(whole - half + 127));
}

// binary16: the exponent is rebased by a multiplication, which also makes the denormals right.
AI F32 loadF16(const uint16_t* p) {
  const I32 h = loadU16(p), sign = shl<16>(h & 0x8000), rest = shl<13>(h & 0x7fff);
  // 0x0.. – 0x03ff are denormals: built as (1 + fraction) − 1 in units of 2^-14, as inputs may be flushed
  const F32 tiny = (fromBits(rest | 0x3f800000) - 1.f) * 6.103515625e-5f;
  const F32 normal = fromBits(rest + shl<23>(I32(112)));
  const F32 special = fromBits(rest | 0x7f800000);
  const I32 exponent = h & 0x7c00;
  const F32 value = select(exponent == 0, tiny, select(exponent == 0x7c00, special, normal));
  return fromBits(bits(value) | sign);
}
AI void storeF16(uint16_t* p, F32 x) {
  const I32 sign = shr<16>(bits(x)) & 0x8000;
  const F32 m = abs(x);
  // 13 bits are dropped with ties to even; a carry runs into the exponent as it should
  const I32 b = bits(m), odd = shr<13>(b) & 1;
  const I32 normal = shr<13>(b + 0xfff + odd) - shl<10>(I32(112));
  // below 2^-14 the unit is 2^-24: adding 0.5 leaves it as the last bit of the sum
  const I32 tiny = bits(m + 0.5f) - bits(F32(0.5f));
  I32 h = select(m < 6.103515625e-5f, tiny, normal);
  h = select(m >= 65520.f, I32(0x7c00), h);
  h = select(x != x, I32(0x7e00), h);
  storeU16(p, h | sign);
}

AI float reduceAdd(F32 a) { return (a.v[0] + a.v[2]) + (a.v[1] + a.v[3]); }
AI float reduceMax(F32 a) {
  const float x = a.v[0] > a.v[2] ? a.v[0] : a.v[2], y = a.v[1] > a.v[3] ? a.v[1] : a.v[3];
  return x > y ? x : y;
}
AI float reduceMin(F32 a) {
  const float x = a.v[0] < a.v[2] ? a.v[0] : a.v[2], y = a.v[1] < a.v[3] ? a.v[1] : a.v[3];
  return x < y ? x : y;
}
AI int32_t reduceAdd(I32 a) {
  const Words w = (Words)a.v;
  return static_cast<int32_t>(w[0] + w[1] + w[2] + w[3]);
}

AI void transpose(F32 (&r)[4]) {
  const Floats a = r[0].v, b = r[1].v, c = r[2].v, d = r[3].v;
  for (int i = 0; i < 4; i++) r[i].v = Floats{a[i], b[i], c[i], d[i]};
}

}  // namespace
}  // namespace haio::HAIO_ISA
