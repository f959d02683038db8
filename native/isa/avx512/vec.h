// AVX-512 F, BW, DQ, VL. See simd/contract.h.
#pragma once
#include <immintrin.h>

#include "simd/contract.h"

namespace haio::HAIO_ISA {
namespace {

struct F32 {
  static constexpr size_t N = 16;
  __m512 v;
  F32() = default;
  [[gnu::always_inline]] F32(__m512 x) : v(x) {}
  [[gnu::always_inline]] F32(float x) : v(_mm512_set1_ps(x)) {}
};
struct I32 {
  static constexpr size_t N = 16;
  __m512i v;
  I32() = default;
  [[gnu::always_inline]] I32(__m512i x) : v(x) {}
  [[gnu::always_inline]] I32(int32_t x) : v(_mm512_set1_epi32(x)) {}
};
struct Mask {
  __mmask16 m;
};

constexpr bool kFused = true;

AI F32 set1(float x) { return x; }
AI I32 set1(int32_t x) { return x; }
AI I32 iota() { return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }
AI Mask firstN(size_t n) { return {static_cast<__mmask16>((1u << n) - 1)}; }

AI F32 load(const float* p) { return _mm512_loadu_ps(p); }
AI F32 load(const float* p, size_t n) { return _mm512_maskz_loadu_ps(firstN(n).m, p); }
AI void store(float* p, F32 x) { _mm512_storeu_ps(p, x.v); }
AI void store(float* p, F32 x, size_t n) { _mm512_mask_storeu_ps(p, firstN(n).m, x.v); }
AI I32 load(const int32_t* p) { return _mm512_loadu_si512(p); }
AI I32 load(const int32_t* p, size_t n) { return _mm512_maskz_loadu_epi32(firstN(n).m, p); }
AI void store(int32_t* p, I32 x) { _mm512_storeu_si512(p, x.v); }
AI void store(int32_t* p, I32 x, size_t n) { _mm512_mask_storeu_epi32(p, firstN(n).m, x.v); }

AI __m128i load16(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
AI __m256i load32(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
AI I32 loadU8(const uint8_t* p) { return _mm512_cvtepu8_epi32(load16(p)); }
AI I32 loadI8(const int8_t* p) { return _mm512_cvtepi8_epi32(load16(p)); }
AI I32 loadU16(const uint16_t* p) { return _mm512_cvtepu16_epi32(load32(p)); }
AI I32 loadI16(const int16_t* p) { return _mm512_cvtepi16_epi32(load32(p)); }
AI void storeU8(uint8_t* p, I32 x) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(x.v));
}
AI void storeU16(uint16_t* p, I32 x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(x.v));
}
AI F32 loadF16(const uint16_t* p) { return _mm512_cvtph_ps(load32(p)); }
AI void storeF16(uint16_t* p, F32 x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(x.v, _MM_FROUND_TO_NEAREST_INT));
}

AI F32 operator+(F32 a, F32 b) { return _mm512_add_ps(a.v, b.v); }
AI F32 operator-(F32 a, F32 b) { return _mm512_sub_ps(a.v, b.v); }
AI F32 operator*(F32 a, F32 b) { return _mm512_mul_ps(a.v, b.v); }
AI F32 operator/(F32 a, F32 b) { return _mm512_div_ps(a.v, b.v); }
AI F32 operator-(F32 a) { return _mm512_xor_ps(a.v, _mm512_set1_ps(-0.f)); }
AI F32 fma(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a.v, b.v, c.v); }
AI F32 fnma(F32 a, F32 b, F32 c) { return _mm512_fnmadd_ps(a.v, b.v, c.v); }
AI F32 min(F32 a, F32 b) { return _mm512_min_ps(a.v, b.v); }
AI F32 max(F32 a, F32 b) { return _mm512_max_ps(a.v, b.v); }
AI F32 abs(F32 a) { return _mm512_andnot_ps(_mm512_set1_ps(-0.f), a.v); }
AI F32 copySign(F32 a, F32 sign) {
  const __m512 bit = _mm512_set1_ps(-0.f);
  return _mm512_or_ps(_mm512_andnot_ps(bit, a.v), _mm512_and_ps(bit, sign.v));
}
AI F32 sqrt(F32 a) { return _mm512_sqrt_ps(a.v); }
AI F32 floor(F32 a) { return _mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
AI F32 ceil(F32 a) { return _mm512_roundscale_ps(a.v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC); }
AI F32 trunc(F32 a) { return _mm512_roundscale_ps(a.v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
AI F32 roundEven(F32 a) { return _mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
AI F32 scale2(F32 x, F32 n) { return _mm512_scalef_ps(x.v, n.v); }
AI F32 exp2i(F32 n) { return _mm512_scalef_ps(_mm512_set1_ps(1.f), n.v); }

AI Mask operator<(F32 a, F32 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
AI Mask operator<=(F32 a, F32 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)}; }
AI Mask operator>(F32 a, F32 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)}; }
AI Mask operator>=(F32 a, F32 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ)}; }
AI Mask operator==(F32 a, F32 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)}; }
AI Mask operator!=(F32 a, F32 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_NEQ_UQ)}; }
AI Mask operator<(I32 a, I32 b) { return {_mm512_cmplt_epi32_mask(a.v, b.v)}; }
AI Mask operator<=(I32 a, I32 b) { return {_mm512_cmple_epi32_mask(a.v, b.v)}; }
AI Mask operator>(I32 a, I32 b) { return {_mm512_cmpgt_epi32_mask(a.v, b.v)}; }
AI Mask operator>=(I32 a, I32 b) { return {_mm512_cmpge_epi32_mask(a.v, b.v)}; }
AI Mask operator==(I32 a, I32 b) { return {_mm512_cmpeq_epi32_mask(a.v, b.v)}; }
AI Mask operator!=(I32 a, I32 b) { return {_mm512_cmpneq_epi32_mask(a.v, b.v)}; }

AI Mask operator&(Mask a, Mask b) { return {static_cast<__mmask16>(a.m & b.m)}; }
AI Mask operator|(Mask a, Mask b) { return {static_cast<__mmask16>(a.m | b.m)}; }
AI Mask operator^(Mask a, Mask b) { return {static_cast<__mmask16>(a.m ^ b.m)}; }
AI Mask operator~(Mask a) { return {static_cast<__mmask16>(~a.m)}; }
AI bool any(Mask a) { return a.m != 0; }
AI bool all(Mask a) { return a.m == 0xffff; }
AI F32 select(Mask m, F32 a, F32 b) { return _mm512_mask_blend_ps(m.m, b.v, a.v); }
AI I32 select(Mask m, I32 a, I32 b) { return _mm512_mask_blend_epi32(m.m, b.v, a.v); }

AI F32 minNaN(F32 a, F32 b) { return select(a != a, a, min(a, b)); }
AI F32 maxNaN(F32 a, F32 b) { return select(a != a, a, max(a, b)); }

AI I32 operator+(I32 a, I32 b) { return _mm512_add_epi32(a.v, b.v); }
AI I32 operator-(I32 a, I32 b) { return _mm512_sub_epi32(a.v, b.v); }
AI I32 operator*(I32 a, I32 b) { return _mm512_mullo_epi32(a.v, b.v); }
AI I32 operator&(I32 a, I32 b) { return _mm512_and_si512(a.v, b.v); }
AI I32 operator|(I32 a, I32 b) { return _mm512_or_si512(a.v, b.v); }
AI I32 operator^(I32 a, I32 b) { return _mm512_xor_si512(a.v, b.v); }
AI I32 operator~(I32 a) { return _mm512_xor_si512(a.v, _mm512_set1_epi32(-1)); }
AI I32 min(I32 a, I32 b) { return _mm512_min_epi32(a.v, b.v); }
AI I32 max(I32 a, I32 b) { return _mm512_max_epi32(a.v, b.v); }
AI I32 abs(I32 a) { return _mm512_abs_epi32(a.v); }
template <int K>
AI I32 shl(I32 a) {
  return _mm512_slli_epi32(a.v, K);
}
template <int K>
AI I32 shr(I32 a) {
  return _mm512_srli_epi32(a.v, K);
}
template <int K>
AI I32 sar(I32 a) {
  return _mm512_srai_epi32(a.v, K);
}

AI F32 toF32(I32 a) { return _mm512_cvtepi32_ps(a.v); }
AI I32 truncI32(F32 a) { return _mm512_cvttps_epi32(a.v); }
AI I32 roundI32(F32 a) { return _mm512_cvtps_epi32(a.v); }
AI I32 bits(F32 a) { return _mm512_castps_si512(a.v); }
AI F32 fromBits(I32 a) { return _mm512_castsi512_ps(a.v); }

AI float reduceAdd(F32 a) { return _mm512_reduce_add_ps(a.v); }
AI float reduceMax(F32 a) { return _mm512_reduce_max_ps(a.v); }
AI float reduceMin(F32 a) { return _mm512_reduce_min_ps(a.v); }
AI int32_t reduceAdd(I32 a) { return _mm512_reduce_add_epi32(a.v); }

AI __m512 lowPairs(__m512 a, __m512 b) {
  return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
}
AI __m512 highPairs(__m512 a, __m512 b) {
  return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
}
AI void transpose(F32 (&r)[16]) {
  __m512 u[16];  // u[4g + j], 128-bit lane l: column 4l + j of rows 4g … 4g + 3
#pragma GCC unroll 4
  for (int g = 0; g < 16; g += 4) {
    const __m512 a = _mm512_unpacklo_ps(r[g].v, r[g + 1].v), b = _mm512_unpackhi_ps(r[g].v, r[g + 1].v);
    const __m512 c = _mm512_unpacklo_ps(r[g + 2].v, r[g + 3].v);
    const __m512 d = _mm512_unpackhi_ps(r[g + 2].v, r[g + 3].v);
    u[g] = lowPairs(a, c);
    u[g + 1] = highPairs(a, c);
    u[g + 2] = lowPairs(b, d);
    u[g + 3] = highPairs(b, d);
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    const __m512 a = _mm512_shuffle_f32x4(u[j], u[4 + j], 0x44),
                 b = _mm512_shuffle_f32x4(u[j], u[4 + j], 0xee);
    const __m512 c = _mm512_shuffle_f32x4(u[8 + j], u[12 + j], 0x44);
    const __m512 d = _mm512_shuffle_f32x4(u[8 + j], u[12 + j], 0xee);
    r[j].v = _mm512_shuffle_f32x4(a, c, 0x88);
    r[4 + j].v = _mm512_shuffle_f32x4(a, c, 0xdd);
    r[8 + j].v = _mm512_shuffle_f32x4(b, d, 0x88);
    r[12 + j].v = _mm512_shuffle_f32x4(b, d, 0xdd);
  }
}

}  // namespace
}  // namespace haio::HAIO_ISA
