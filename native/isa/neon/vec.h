// Advanced SIMD of armv8-a. See simd/contract.h.
#pragma once
#include <arm_neon.h>

#include "simd/contract.h"

namespace haio::HAIO_ISA {
namespace {

struct F32 {
  static constexpr size_t N = 4;
  float32x4_t v;
  F32() = default;
  [[gnu::always_inline]] F32(float32x4_t x) : v(x) {}
  [[gnu::always_inline]] F32(float x) : v(vdupq_n_f32(x)) {}
};
struct I32 {
  static constexpr size_t N = 4;
  int32x4_t v;
  I32() = default;
  [[gnu::always_inline]] I32(int32x4_t x) : v(x) {}
  [[gnu::always_inline]] I32(int32_t x) : v(vdupq_n_s32(x)) {}
};
struct Mask {
  uint32x4_t m;  // all bits of a lane, or none
};

constexpr bool kFused = true;

AI F32 set1(float x) { return x; }
AI I32 set1(int32_t x) { return x; }
AI I32 iota() { return int32x4_t{0, 1, 2, 3}; }
AI Mask firstN(size_t n) { return {vcltq_s32(iota().v, vdupq_n_s32(static_cast<int32_t>(n)))}; }

AI F32 load(const float* p) { return vld1q_f32(p); }
AI F32 load(const float* p, size_t n) {
  float a[4] = {};
  memcpy(a, p, n * sizeof *a);
  return vld1q_f32(a);
}
AI void store(float* p, F32 x) { vst1q_f32(p, x.v); }
AI void store(float* p, F32 x, size_t n) {
  float a[4];
  vst1q_f32(a, x.v);
  memcpy(p, a, n * sizeof *a);
}
AI I32 load(const int32_t* p) { return vld1q_s32(p); }
AI I32 load(const int32_t* p, size_t n) {
  int32_t a[4] = {};
  memcpy(a, p, n * sizeof *a);
  return vld1q_s32(a);
}
AI void store(int32_t* p, I32 x) { vst1q_s32(p, x.v); }
AI void store(int32_t* p, I32 x, size_t n) {
  int32_t a[4];
  vst1q_s32(a, x.v);
  memcpy(p, a, n * sizeof *a);
}

AI uint8x8_t load4(const void* p) {
  uint32_t x;
  memcpy(&x, p, 4);
  return vreinterpret_u8_u32(vdup_n_u32(x));
}
AI I32 loadU8(const uint8_t* p) { return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(load4(p))))); }
AI I32 loadI8(const int8_t* p) { return vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u8(load4(p))))); }
AI I32 loadU16(const uint16_t* p) { return vreinterpretq_s32_u32(vmovl_u16(vld1_u16(p))); }
AI I32 loadI16(const int16_t* p) { return vmovl_s16(vld1_s16(p)); }
AI void storeU8(uint8_t* p, I32 x) {
  const uint16x4_t y = vmovn_u32(vreinterpretq_u32_s32(x.v));
  const uint32_t z = vget_lane_u32(vreinterpret_u32_u8(vmovn_u16(vcombine_u16(y, y))), 0);
  memcpy(p, &z, 4);
}
AI void storeU16(uint16_t* p, I32 x) { vst1_u16(p, vmovn_u32(vreinterpretq_u32_s32(x.v))); }
AI F32 loadF16(const uint16_t* p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
AI void storeF16(uint16_t* p, F32 x) { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(x.v))); }

AI F32 operator+(F32 a, F32 b) { return vaddq_f32(a.v, b.v); }
AI F32 operator-(F32 a, F32 b) { return vsubq_f32(a.v, b.v); }
AI F32 operator*(F32 a, F32 b) { return vmulq_f32(a.v, b.v); }
AI F32 operator/(F32 a, F32 b) { return vdivq_f32(a.v, b.v); }
AI F32 operator-(F32 a) { return vnegq_f32(a.v); }
AI F32 fma(F32 a, F32 b, F32 c) { return vfmaq_f32(c.v, a.v, b.v); }
AI F32 fnma(F32 a, F32 b, F32 c) { return vfmsq_f32(c.v, a.v, b.v); }
AI F32 min(F32 a, F32 b) { return vminq_f32(a.v, b.v); }
AI F32 max(F32 a, F32 b) { return vmaxq_f32(a.v, b.v); }
AI F32 minNaN(F32 a, F32 b) { return vminq_f32(a.v, b.v); }
AI F32 maxNaN(F32 a, F32 b) { return vmaxq_f32(a.v, b.v); }
AI F32 abs(F32 a) { return vabsq_f32(a.v); }
AI F32 copySign(F32 a, F32 sign) { return vbslq_f32(vdupq_n_u32(0x80000000u), sign.v, a.v); }
AI F32 sqrt(F32 a) { return vsqrtq_f32(a.v); }
AI F32 floor(F32 a) { return vrndmq_f32(a.v); }
AI F32 ceil(F32 a) { return vrndpq_f32(a.v); }
AI F32 trunc(F32 a) { return vrndq_f32(a.v); }
AI F32 roundEven(F32 a) { return vrndnq_f32(a.v); }

AI Mask operator<(F32 a, F32 b) { return {vcltq_f32(a.v, b.v)}; }
AI Mask operator<=(F32 a, F32 b) { return {vcleq_f32(a.v, b.v)}; }
AI Mask operator>(F32 a, F32 b) { return {vcgtq_f32(a.v, b.v)}; }
AI Mask operator>=(F32 a, F32 b) { return {vcgeq_f32(a.v, b.v)}; }
AI Mask operator==(F32 a, F32 b) { return {vceqq_f32(a.v, b.v)}; }
AI Mask operator!=(F32 a, F32 b) { return {vmvnq_u32(vceqq_f32(a.v, b.v))}; }
AI Mask operator<(I32 a, I32 b) { return {vcltq_s32(a.v, b.v)}; }
AI Mask operator<=(I32 a, I32 b) { return {vcleq_s32(a.v, b.v)}; }
AI Mask operator>(I32 a, I32 b) { return {vcgtq_s32(a.v, b.v)}; }
AI Mask operator>=(I32 a, I32 b) { return {vcgeq_s32(a.v, b.v)}; }
AI Mask operator==(I32 a, I32 b) { return {vceqq_s32(a.v, b.v)}; }
AI Mask operator!=(I32 a, I32 b) { return {vmvnq_u32(vceqq_s32(a.v, b.v))}; }

AI Mask operator&(Mask a, Mask b) { return {vandq_u32(a.m, b.m)}; }
AI Mask operator|(Mask a, Mask b) { return {vorrq_u32(a.m, b.m)}; }
AI Mask operator^(Mask a, Mask b) { return {veorq_u32(a.m, b.m)}; }
AI Mask operator~(Mask a) { return {vmvnq_u32(a.m)}; }
AI bool any(Mask a) { return vmaxvq_u32(a.m) != 0; }
AI bool all(Mask a) { return vminvq_u32(a.m) != 0; }
AI F32 select(Mask m, F32 a, F32 b) { return vbslq_f32(m.m, a.v, b.v); }
AI I32 select(Mask m, I32 a, I32 b) { return vbslq_s32(m.m, a.v, b.v); }

AI I32 operator+(I32 a, I32 b) { return vaddq_s32(a.v, b.v); }
AI I32 operator-(I32 a, I32 b) { return vsubq_s32(a.v, b.v); }
AI I32 operator*(I32 a, I32 b) { return vmulq_s32(a.v, b.v); }
AI I32 operator&(I32 a, I32 b) { return vandq_s32(a.v, b.v); }
AI I32 operator|(I32 a, I32 b) { return vorrq_s32(a.v, b.v); }
AI I32 operator^(I32 a, I32 b) { return veorq_s32(a.v, b.v); }
AI I32 operator~(I32 a) { return vmvnq_s32(a.v); }
AI I32 min(I32 a, I32 b) { return vminq_s32(a.v, b.v); }
AI I32 max(I32 a, I32 b) { return vmaxq_s32(a.v, b.v); }
AI I32 abs(I32 a) { return vabsq_s32(a.v); }
template <int K>
AI I32 shl(I32 a) {
  return vshlq_n_s32(a.v, K);
}
template <int K>
AI I32 shr(I32 a) {
  return vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_s32(a.v), K));
}
template <int K>
AI I32 sar(I32 a) {
  return vshrq_n_s32(a.v, K);
}

AI F32 toF32(I32 a) { return vcvtq_f32_s32(a.v); }
AI I32 truncI32(F32 a) { return vcvtq_s32_f32(a.v); }
AI I32 roundI32(F32 a) { return vcvtnq_s32_f32(a.v); }
AI I32 bits(F32 a) { return vreinterpretq_s32_f32(a.v); }
AI F32 fromBits(I32 a) { return vreinterpretq_f32_s32(a.v); }

AI F32 exp2i(F32 n) { return fromBits(shl<23>(truncI32(n) + 127)); }
AI F32 scale2(F32 x, F32 n) {
  // two factors keep both exponents in range
  const I32 whole = truncI32(n), half = sar<1>(whole);
  return x * fromBits(shl<23>(half + 127)) * fromBits(shl<23>(whole - half + 127));
}

AI float reduceAdd(F32 a) { return vaddvq_f32(a.v); }
AI float reduceMax(F32 a) { return vmaxvq_f32(a.v); }
AI float reduceMin(F32 a) { return vminvq_f32(a.v); }
AI int32_t reduceAdd(I32 a) { return vaddvq_s32(a.v); }

AI float32x4_t lowPairs(float32x4_t a, float32x4_t b) {
  return vreinterpretq_f32_f64(vzip1q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}
AI float32x4_t highPairs(float32x4_t a, float32x4_t b) {
  return vreinterpretq_f32_f64(vzip2q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}
AI void transpose(F32 (&r)[4]) {
  const float32x4_t a = vtrn1q_f32(r[0].v, r[1].v), b = vtrn2q_f32(r[0].v, r[1].v);
  const float32x4_t c = vtrn1q_f32(r[2].v, r[3].v), d = vtrn2q_f32(r[2].v, r[3].v);
  r[0].v = lowPairs(a, c);
  r[1].v = lowPairs(b, d);
  r[2].v = highPairs(a, c);
  r[3].v = highPairs(b, d);
}

}  // namespace
}  // namespace haio::HAIO_ISA
