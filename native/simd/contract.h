// What every isa/<name>/vec.h provides. Include "vec.h" (found on the ISA's include path), never this.
//
// All of it stands in an unnamed namespace inside haio::HAIO_ISA, so nothing an ISA compiles can be
// merged by the linker with another ISA's. Types that hold vectors must stand in an unnamed namespace too.
//
// Types, at the ISA's native width; trivially copyable, in registers:
//   F32   `static constexpr size_t N` floats; converts implicitly from float (all lanes)
//   I32   N int32; converts implicitly from int32_t
//   Mask  N truth values
//
// Memory (any alignment; the forms with n touch exactly the first n ≤ N elements, n = 0 is fine, lanes
// from n on are 0):
//   F32 load(const float*), load(const float*, n); store(float*, F32), store(float*, F32, n)
//   I32 load(const int32_t*), load(const int32_t*, n); store(int32_t*, I32), store(int32_t*, I32, n)
//   I32 loadU8(const uint8_t*), loadI8(const int8_t*), loadU16(const uint16_t*), loadI16(const int16_t*)
//   storeU8(uint8_t*, I32), storeU16(uint16_t*, I32)    low 8 or 16 bits of each lane
//   F32 loadF16(const uint16_t*); storeF16(uint16_t*, F32)   binary16 bit patterns, rounded to nearest even
//
// Constants: F32 set1(float), I32 set1(int32_t), I32 iota() = 0, 1 … N−1, Mask firstN(n): lanes below n
//
// F32 arithmetic: + − * / and unary −; fma(a, b, c) = a·b + c and fnma(a, b, c) = c − a·b, with one rounding
//   where `constexpr bool kFused`, else two; min, max (NaN if b is; if only a is, either of the two);
//   minNaN, maxNaN (NaN if either is); abs, copySign(magnitude, sign), sqrt, floor, ceil, trunc, roundEven
//   exp2i(n) = 2^n for integral n in [−126, 127]
//   scale2(x, n) = x·2^n for integral n in [−252, 252], with overflow to ∞ and underflow to 0 (results
//   below the smallest normal may be flushed)
// Comparisons of F32 or I32 (< <= > >= == !=) give Mask; with NaN all are false but !=.
// Mask: & | ^ ~; any(m), all(m); select(m, a, b) = m ? a : b for F32 and I32
// I32 arithmetic, wrapping: + − * & | ^ ~, min, max, abs; shl<K>, shr<K> (logical), sar<K> (arithmetic)
// Conversion: toF32(I32); truncI32, roundI32(F32) toward zero or to nearest even (out of range or NaN:
//   unspecified, no trap); bits(F32) and fromBits(I32) reinterpret
// Across lanes: reduceAdd, reduceMax, reduceMin(F32 → float; NaN lanes: unspecified), reduceAdd(I32);
//   transpose(F32 (&rows)[N]): N×N, in place
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define AI [[gnu::always_inline, maybe_unused]] static inline
