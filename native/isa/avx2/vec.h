// AVX2, FMA, F16C. See simd/contract.h.
#pragma once
#include <immintrin.h>

#include "simd/contract.h"

namespace haio::HAIO_ISA {
namespace {

struct F32 {
  static constexpr size_t N = 8;
  __m256 v;
  F32() = default;
  [[gnu::always_inline]] F32(__m256 x) : v(x) {}
  [[gnu::always_inline]] F32(float x) : v(_mm256_set1_ps(x)) {}
};
struct I32 {
  static constexpr size_t N = 8;
  __m256i v;
  I32() = default;
  [[gnu::always_inline]] I32(__m256i x) : v(x) {}
  [[gnu::always_inline]] I32(int32_t x) : v(_mm256_set1_epi32(x)) {}
};
struct Mask {
  __m256i m;  // all bits of a lane, or none
};

constexpr bool kFused = true;

AI F32 set1(float x) { return x; }
AI I32 set1(int32_t x) { return x; }
AI I32 iota() { return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7); }
AI Mask firstN(size_t n) { return {_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), iota().v)}; }

AI F32 load(const float* p) { return _mm256_loadu_ps(p); }
AI F32 load(const float* p, size_t n) { return _mm256_maskload_ps(p, firstN(n).m); }
AI void store(float* p, F32 x) { _mm256_storeu_ps(p, x.v); }
AI void store(float* p, F32 x, size_t n) { _mm256_maskstore_ps(p, firstN(n).m, x.v); }
AI I32 load(const int32_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
AI I32 load(const int32_t* p, size_t n) { return _mm256_maskload_epi32(p, firstN(n).m); }
AI void store(int32_t* p, I32 x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x.v); }
AI void store(int32_t* p, I32 x, size_t n) { _mm256_maskstore_epi32(p, firstN(n).m, x.v); }

AI __m128i load8(const void* p) { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }
AI __m128i load16(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
AI I32 loadU8(const uint8_t* p) { return _mm256_cvtepu8_epi32(load8(p)); }
AI I32 loadI8(const int8_t* p) { return _mm256_cvtepi8_epi32(load8(p)); }
AI I32 loadU16(const uint16_t* p) { return _mm256_cvtepu16_epi32(load16(p)); }
AI I32 loadI16(const int16_t* p) { return _mm256_cvtepi16_epi32(load16(p)); }
AI __m128i narrow(I32 x, int32_t mask) {  // 16-bit lanes
  const __m256i y = _mm256_and_si256(x.v, _mm256_set1_epi32(mask));
  return _mm_packus_epi32(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1));
}
AI void storeU8(uint8_t* p, I32 x) {
  const __m128i y = narrow(x, 0xff);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(y, y));
}
AI void storeU16(uint16_t* p, I32 x) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), narrow(x, 0xffff)); }
AI F32 loadF16(const uint16_t* p) { return _mm256_cvtph_ps(load16(p)); }
AI void storeF16(uint16_t* p, F32 x) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(x.v, _MM_FROUND_TO_NEAREST_INT));
}

AI F32 operator+(F32 a, F32 b) { return _mm256_add_ps(a.v, b.v); }
AI F32 operator-(F32 a, F32 b) { return _mm256_sub_ps(a.v, b.v); }
AI F32 operator*(F32 a, F32 b) { return _mm256_mul_ps(a.v, b.v); }
AI F32 operator/(F32 a, F32 b) { return _mm256_div_ps(a.v, b.v); }
AI F32 operator-(F32 a) { return _mm256_xor_ps(a.v, _mm256_set1_ps(-0.f)); }
AI F32 fma(F32 a, F32 b, F32 c) { return _mm256_fmadd_ps(a.v, b.v, c.v); }
AI F32 fnma(F32 a, F32 b, F32 c) { return _mm256_fnmadd_ps(a.v, b.v, c.v); }
AI F32 min(F32 a, F32 b) { return _mm256_min_ps(a.v, b.v); }
AI F32 max(F32 a, F32 b) { return _mm256_max_ps(a.v, b.v); }
AI F32 abs(F32 a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.f), a.v); }
AI F32 copySign(F32 a, F32 sign) {
  const __m256 bit = _mm256_set1_ps(-0.f);
  return _mm256_or_ps(_mm256_andnot_ps(bit, a.v), _mm256_and_ps(bit, sign.v));
}
AI F32 sqrt(F32 a) { return _mm256_sqrt_ps(a.v); }
AI F32 floor(F32 a) { return _mm256_round_ps(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
AI F32 ceil(F32 a) { return _mm256_round_ps(a.v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC); }
AI F32 trunc(F32 a) { return _mm256_round_ps(a.v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
AI F32 roundEven(F32 a) { return _mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

AI Mask toMask(__m256 x) { return {_mm256_castps_si256(x)}; }
AI Mask operator<(F32 a, F32 b) { return toMask(_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)); }
AI Mask operator<=(F32 a, F32 b) { return toMask(_mm256_cmp_ps(a.v, b.v, _CMP_LE_OQ)); }
AI Mask operator>(F32 a, F32 b) { return toMask(_mm256_cmp_ps(a.v, b.v, _CMP_GT_OQ)); }
AI Mask operator>=(F32 a, F32 b) { return toMask(_mm256_cmp_ps(a.v, b.v, _CMP_GE_OQ)); }
AI Mask operator==(F32 a, F32 b) { return toMask(_mm256_cmp_ps(a.v, b.v, _CMP_EQ_OQ)); }
AI Mask operator!=(F32 a, F32 b) { return toMask(_mm256_cmp_ps(a.v, b.v, _CMP_NEQ_UQ)); }

AI Mask operator&(Mask a, Mask b) { return {_mm256_and_si256(a.m, b.m)}; }
AI Mask operator|(Mask a, Mask b) { return {_mm256_or_si256(a.m, b.m)}; }
AI Mask operator^(Mask a, Mask b) { return {_mm256_xor_si256(a.m, b.m)}; }
AI Mask operator~(Mask a) { return {_mm256_xor_si256(a.m, _mm256_set1_epi32(-1))}; }
AI bool any(Mask a) { return _mm256_movemask_epi8(a.m) != 0; }
AI bool all(Mask a) { return _mm256_movemask_epi8(a.m) == -1; }
AI F32 select(Mask m, F32 a, F32 b) { return _mm256_blendv_ps(b.v, a.v, _mm256_castsi256_ps(m.m)); }
AI I32 select(Mask m, I32 a, I32 b) { return _mm256_blendv_epi8(b.v, a.v, m.m); }

AI Mask operator>(I32 a, I32 b) { return {_mm256_cmpgt_epi32(a.v, b.v)}; }
AI Mask operator<(I32 a, I32 b) { return b > a; }
AI Mask operator<=(I32 a, I32 b) { return ~(a > b); }
AI Mask operator>=(I32 a, I32 b) { return ~(b > a); }
AI Mask operator==(I32 a, I32 b) { return {_mm256_cmpeq_epi32(a.v, b.v)}; }
AI Mask operator!=(I32 a, I32 b) { return ~(a == b); }

AI F32 minNaN(F32 a, F32 b) { return select(a != a, a, min(a, b)); }
AI F32 maxNaN(F32 a, F32 b) { return select(a != a, a, max(a, b)); }

AI I32 operator+(I32 a, I32 b) { return _mm256_add_epi32(a.v, b.v); }
AI I32 operator-(I32 a, I32 b) { return _mm256_sub_epi32(a.v, b.v); }
AI I32 operator*(I32 a, I32 b) { return _mm256_mullo_epi32(a.v, b.v); }
AI I32 operator&(I32 a, I32 b) { return _mm256_and_si256(a.v, b.v); }
AI I32 operator|(I32 a, I32 b) { return _mm256_or_si256(a.v, b.v); }
AI I32 operator^(I32 a, I32 b) { return _mm256_xor_si256(a.v, b.v); }
AI I32 operator~(I32 a) { return _mm256_xor_si256(a.v, _mm256_set1_epi32(-1)); }
AI I32 min(I32 a, I32 b) { return _mm256_min_epi32(a.v, b.v); }
AI I32 max(I32 a, I32 b) { return _mm256_max_epi32(a.v, b.v); }
AI I32 abs(I32 a) { return _mm256_abs_epi32(a.v); }
template <int K>
AI I32 shl(I32 a) {
  return _mm256_slli_epi32(a.v, K);
}
template <int K>
AI I32 shr(I32 a) {
  return _mm256_srli_epi32(a.v, K);
}
template <int K>
AI I32 sar(I32 a) {
  return _mm256_srai_epi32(a.v, K);
}

AI F32 toF32(I32 a) { return _mm256_cvtepi32_ps(a.v); }
AI I32 truncI32(F32 a) { return _mm256_cvttps_epi32(a.v); }
AI I32 roundI32(F32 a) { return _mm256_cvtps_epi32(a.v); }
AI I32 bits(F32 a) { return _mm256_castps_si256(a.v); }
AI F32 fromBits(I32 a) { return _mm256_castsi256_ps(a.v); }

AI F32 exp2i(F32 n) { return fromBits(shl<23>(truncI32(n) + 127)); }
AI F32 scale2(F32 x, F32 n) {
  // two factors keep both exponents in range
  const I32 whole = truncI32(n), half = sar<1>(whole);
  return x * fromBits(shl<23>(half + 127)) * fromBits(shl<23>(whole - half + 127));
}

AI float reduceAdd(F32 a) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
AI float reduceMax(F32 a) {
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}
AI float reduceMin(F32 a) {
  __m128 x = _mm_min_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  x = _mm_min_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_min_ss(x, _mm_movehdup_ps(x)));
}
AI int32_t reduceAdd(I32 a) {
  __m128i x = _mm_add_epi32(_mm256_castsi256_si128(a.v), _mm256_extracti128_si256(a.v, 1));
  x = _mm_add_epi32(x, _mm_unpackhi_epi64(x, x));
  return _mm_cvtsi128_si32(_mm_add_epi32(x, _mm_shuffle_epi32(x, 1)));
}

AI __m256 lowPairs(__m256 a, __m256 b) {
  return _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
}
AI __m256 highPairs(__m256 a, __m256 b) {
  return _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
}
AI void transpose(F32 (&r)[8]) {
  __m256 u[8];  // u[4g + j], half l: column 4l + j of rows 4g … 4g + 3
#pragma GCC unroll 2
  for (int g = 0; g < 8; g += 4) {
    const __m256 a = _mm256_unpacklo_ps(r[g].v, r[g + 1].v), b = _mm256_unpackhi_ps(r[g].v, r[g + 1].v);
    const __m256 c = _mm256_unpacklo_ps(r[g + 2].v, r[g + 3].v);
    const __m256 d = _mm256_unpackhi_ps(r[g + 2].v, r[g + 3].v);
    u[g] = lowPairs(a, c);
    u[g + 1] = highPairs(a, c);
    u[g + 2] = lowPairs(b, d);
    u[g + 3] = highPairs(b, d);
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    r[j].v = _mm256_permute2f128_ps(u[j], u[4 + j], 0x20);
    r[4 + j].v = _mm256_permute2f128_ps(u[j], u[4 + j], 0x31);
  }
}

}  // namespace
}  // namespace haio::HAIO_ISA
