// Blocks of n elements of any type as floats and back; nothing outside n is touched on either side.
// To integers: toward zero, saturating, NaN → 0. To bool: 1 where not 0.
#pragma once
#include "kernel.h"
#include "vec.h"

namespace haio::HAIO_ISA {
namespace {

// Bytes of an element; 0 for strings.
AI size_t widthOf(Type type) {
  constexpr uint8_t widths[] = {4, 2, 2, 8, 1, 1, 2, 2, 4, 4, 8, 8, 1, 0};
  return static_cast<uint8_t>(type) < sizeof widths ? widths[static_cast<uint8_t>(type)] : 0;
}

// block[i] = f(&source[i]), a vector at a time; the tail's elements go through a copy.
template <class T, class F>
AI void loadVectors(const void* source, size_t n, float* block, F f) {
  constexpr size_t N = F32::N;
  const T* p = static_cast<const T*>(source);
  size_t i = 0;
  for (; i + N <= n; i += N) store(block + i, f(p + i));
  if (i < n) {
    T tail[N] = {};
    memcpy(tail, p + i, (n - i) * sizeof(T));
    store(block + i, f(tail), n - i);
  }
}
// f(&target[i], block[i])
template <class T, class F>
AI void storeVectors(void* target, size_t n, const float* block, F f) {
  constexpr size_t N = F32::N;
  T* p = static_cast<T*>(target);
  size_t i = 0;
  for (; i + N <= n; i += N) f(p + i, load(block + i));
  if (i < n) {
    T tail[N];
    f(tail, load(block + i, n - i));
    memcpy(p + i, tail, (n - i) * sizeof(T));
  }
}

AI F32 loadBf16(const uint16_t* p) { return fromBits(shl<16>(loadU16(p))); }
AI void storeBf16(uint16_t* p, F32 x) {
  const I32 b = bits(x);
  const I32 rounded = b + 0x7fff + (shr<16>(b) & 1);
  storeU16(p, shr<16>(select(x != x, I32(0x7fc00000), rounded)));
}
AI F32 loadU32(const uint32_t* p) {
  int32_t b[F32::N];
  memcpy(b, p, sizeof b);
  const I32 x = load(b);
  // the halves are exact, their sum is rounded once
  return fma(toF32(shr<16>(x)), 65536.f, toF32(x & 0xffff));
}

AI I32 saturate(F32 x, float lo, float hi) {
  return truncI32(select(x == x, min(F32(hi), max(F32(lo), x)), F32(0.f)));
}
AI I32 saturateI32(F32 x) {
  const I32 y = truncI32(select((x >= -2147483648.f) & (x < 2147483648.f), x, F32(0.f)));
  return select(x >= 2147483648.f, I32(INT32_MAX), select(x < -2147483648.f, I32(INT32_MIN), y));
}
AI I32 saturateU32(F32 x) {
  const F32 c = select(x > 0.f, x, F32(0.f));
  const Mask upper = c >= 2147483648.f;
  const I32 y = truncI32(select(upper, c - 2147483648.f, c));
  const I32 z = select(upper, y ^ INT32_MIN, y);
  return select(c >= 4294967296.f, I32(-1), z);
}

// Scalar conversion between any two element types held as C++ types, with the rules above; between
// integers the low bits stay.
template <class To, class From>
AI To convertOne(From x) {
  constexpr bool fromFloat = static_cast<From>(0.5) != 0, toFloat = static_cast<To>(0.5) != 0;
  if constexpr (!fromFloat || toFloat) {
    return static_cast<To>(x);
  } else {
    constexpr bool isSigned = static_cast<To>(-1) < 0;
    constexpr int width = sizeof(To) * 8;
    constexpr To greatest = static_cast<To>(isSigned ? (uint64_t{1} << (width - 1)) - 1 : ~uint64_t{0});
    constexpr To least = isSigned ? static_cast<To>(-greatest - 1) : To{0};
    constexpr From end = static_cast<From>(uint64_t{1} << (width - 1)) * (isSigned ? 1 : 2);
    if (!(x == x)) return 0;
    if (x >= end) return greatest;
    if (x <= (isSigned ? -end : From{0})) return least;
    return static_cast<To>(x);
  }
}

// n elements of `type` from p as floats.
[[maybe_unused]] static void loadBlock(Type type, const void* p, size_t n, float* block) {
  switch (type) {
    case Type::f32:
      memcpy(block, p, n * 4);
      return;
    case Type::f16:
      return loadVectors<uint16_t>(p, n, block, [](const uint16_t* q) { return loadF16(q); });
    case Type::bf16:
      return loadVectors<uint16_t>(p, n, block, [](const uint16_t* q) { return loadBf16(q); });
    case Type::i8:
      return loadVectors<int8_t>(p, n, block, [](const int8_t* q) { return toF32(loadI8(q)); });
    case Type::u8:
      return loadVectors<uint8_t>(p, n, block, [](const uint8_t* q) { return toF32(loadU8(q)); });
    case Type::boolean:
      return loadVectors<uint8_t>(
          p, n, block, [](const uint8_t* q) { return select(loadU8(q) == 0, F32(0.f), F32(1.f)); });
    case Type::i16:
      return loadVectors<int16_t>(p, n, block, [](const int16_t* q) { return toF32(loadI16(q)); });
    case Type::u16:
      return loadVectors<uint16_t>(p, n, block, [](const uint16_t* q) { return toF32(loadU16(q)); });
    case Type::i32:
      return loadVectors<int32_t>(p, n, block, [](const int32_t* q) { return toF32(load(q)); });
    case Type::u32:
      return loadVectors<uint32_t>(p, n, block, [](const uint32_t* q) { return loadU32(q); });
    case Type::i64:
      for (size_t i = 0; i < n; i++) block[i] = static_cast<float>(static_cast<const int64_t*>(p)[i]);
      return;
    case Type::u64:
      for (size_t i = 0; i < n; i++) block[i] = static_cast<float>(static_cast<const uint64_t*>(p)[i]);
      return;
    case Type::f64:
      for (size_t i = 0; i < n; i++) block[i] = static_cast<float>(static_cast<const double*>(p)[i]);
      return;
    case Type::string:
      return;
  }
}

// n floats of the block as elements of `type` at p.
[[maybe_unused]] static void storeBlock(Type type, const float* block, size_t n, void* p) {
  switch (type) {
    case Type::f32:
      memcpy(p, block, n * 4);
      return;
    case Type::f16:
      return storeVectors<uint16_t>(p, n, block, [](uint16_t* q, F32 x) { storeF16(q, x); });
    case Type::bf16:
      return storeVectors<uint16_t>(p, n, block, [](uint16_t* q, F32 x) { storeBf16(q, x); });
    case Type::i8:
      return storeVectors<uint8_t>(p, n, block,
                                   [](uint8_t* q, F32 x) { storeU8(q, saturate(x, -128, 127)); });
    case Type::u8:
      return storeVectors<uint8_t>(p, n, block, [](uint8_t* q, F32 x) { storeU8(q, saturate(x, 0, 255)); });
    case Type::boolean:
      return storeVectors<uint8_t>(p, n, block,
                                   [](uint8_t* q, F32 x) { storeU8(q, select(x == 0.f, I32(0), I32(1))); });
    case Type::i16:
      return storeVectors<uint16_t>(p, n, block,
                                    [](uint16_t* q, F32 x) { storeU16(q, saturate(x, -32768, 32767)); });
    case Type::u16:
      return storeVectors<uint16_t>(p, n, block,
                                    [](uint16_t* q, F32 x) { storeU16(q, saturate(x, 0, 65535)); });
    case Type::i32:
      return storeVectors<int32_t>(p, n, block, [](int32_t* q, F32 x) { store(q, saturateI32(x)); });
    case Type::u32:
      return storeVectors<int32_t>(p, n, block, [](int32_t* q, F32 x) { store(q, saturateU32(x)); });
    case Type::i64:
      for (size_t i = 0; i < n; i++) static_cast<int64_t*>(p)[i] = convertOne<int64_t>(block[i]);
      return;
    case Type::u64:
      for (size_t i = 0; i < n; i++) static_cast<uint64_t*>(p)[i] = convertOne<uint64_t>(block[i]);
      return;
    case Type::f64:
      for (size_t i = 0; i < n; i++) static_cast<double*>(p)[i] = block[i];
      return;
    case Type::string:
      return;
  }
}

#ifdef HAIO_ISA_PORTABLE
// The same with blocks of double or int64_t; integers become narrower ones by their low bits.
template <class From, class To>
AI void convertAll(const void* p, size_t n, To* out) {
  for (size_t i = 0; i < n; i++) out[i] = convertOne<To>(static_cast<const From*>(p)[i]);
}
template <class T>
static void loadBlock(Type type, const void* p, size_t n, T* block) {
  switch (type) {
    case Type::f32:
      return convertAll<float>(p, n, block);
    case Type::f64:
      return convertAll<double>(p, n, block);
    case Type::i8:
      return convertAll<int8_t>(p, n, block);
    case Type::u8:
      return convertAll<uint8_t>(p, n, block);
    case Type::i16:
      return convertAll<int16_t>(p, n, block);
    case Type::u16:
      return convertAll<uint16_t>(p, n, block);
    case Type::i32:
      return convertAll<int32_t>(p, n, block);
    case Type::u32:
      return convertAll<uint32_t>(p, n, block);
    case Type::i64:
      return convertAll<int64_t>(p, n, block);
    case Type::u64:
      return convertAll<uint64_t>(p, n, block);
    case Type::boolean:
      for (size_t i = 0; i < n; i++) block[i] = static_cast<const uint8_t*>(p)[i] != 0;
      return;
    default:  // 16-bit floats, by way of float
      for (size_t i = 0; i < n; i += F32::N) {
        float part[F32::N];
        const size_t m = n - i < F32::N ? n - i : F32::N;
        loadBlock(type, static_cast<const uint16_t*>(p) + i, m, part);
        convertAll<float>(part, m, block + i);
      }
  }
}
template <class T>
static void storeBlock(Type type, const T* block, size_t n, void* p) {
  switch (type) {
    case Type::f32:
      return convertAll<T>(block, n, static_cast<float*>(p));
    case Type::f64:
      return convertAll<T>(block, n, static_cast<double*>(p));
    case Type::i8:
      return convertAll<T>(block, n, static_cast<int8_t*>(p));
    case Type::u8:
      return convertAll<T>(block, n, static_cast<uint8_t*>(p));
    case Type::i16:
      return convertAll<T>(block, n, static_cast<int16_t*>(p));
    case Type::u16:
      return convertAll<T>(block, n, static_cast<uint16_t*>(p));
    case Type::i32:
      return convertAll<T>(block, n, static_cast<int32_t*>(p));
    case Type::u32:
      return convertAll<T>(block, n, static_cast<uint32_t*>(p));
    case Type::i64:
      return convertAll<T>(block, n, static_cast<int64_t*>(p));
    case Type::u64:
      return convertAll<T>(block, n, static_cast<uint64_t*>(p));
    case Type::boolean:
      for (size_t i = 0; i < n; i++) static_cast<uint8_t*>(p)[i] = block[i] != 0;
      return;
    default:
      for (size_t i = 0; i < n; i += F32::N) {
        float part[F32::N];
        const size_t m = n - i < F32::N ? n - i : F32::N;
        convertAll<T>(block + i, m, part);
        storeBlock(type, part, m, static_cast<uint16_t*>(p) + i);
      }
  }
}
#endif

}  // namespace
}  // namespace haio::HAIO_ISA
