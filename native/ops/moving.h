// What kernels share that only move elements: they are written by element width, for any type.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../kernel.h"

namespace haio::HAIO_ISA::moving {
namespace {

inline size_t widthOf(Type t) {
  switch (t) {
    case Type::i8: case Type::u8: case Type::boolean: return 1;
    case Type::f16: case Type::bf16: case Type::i16: case Type::u16: return 2;
    case Type::f32: case Type::i32: case Type::u32: return 4;
    case Type::f64: case Type::i64: case Type::u64: return 8;
    default: return 0;
  }
}

// The element type of a width.
template <size_t kBytes> struct Unsigned;
template <> struct Unsigned<1> { using T = uint8_t; };
template <> struct Unsigned<2> { using T = uint16_t; };
template <> struct Unsigned<4> { using T = uint32_t; };
template <> struct Unsigned<8> { using T = uint64_t; };

inline bool present(const Operand& o) { return o.data != nullptr; }

template <class P>
inline const P& paramsOf(const StepArgs& a) {
  return *static_cast<const P*>(a.params);
}

constexpr int64_t kMaxElements = (int64_t)1 << 48;

// Product of the dims from axis `from` up to `to`; -1 when it exceeds kMaxElements (repeating strides
// let small buffers have huge dims). Without zero among them the product of a part is at most that of all.
inline int64_t elements(const Operand& o, int from, int to) {
  int64_t n = 1;
  for (int i = from; i < to; i++)
    if (o.dims[i] == 0) return 0;
  for (int i = from; i < to; i++) {
    if (o.dims[i] > kMaxElements / n) return -1;
    n *= o.dims[i];
  }
  return n;
}
inline int64_t elements(const Operand& o) { return elements(o, 0, o.rank); }

// Row-major without gaps; the strides of axes of size 1 are free, and so are all of an empty tensor.
inline bool dense(const Operand& o) {
  int64_t stride = 1;
  bool ok = true;
  for (int i = o.rank - 1; i >= 0; i--) {
    if (o.dims[i] == 0) return true;
    if (o.dims[i] != 1 && o.strides[i] != stride) ok = false;
    stride *= o.dims[i];
  }
  return ok;
}

inline bool sameDims(const Operand& a, const Operand& b) {
  if (a.rank != b.rank) return false;
  for (int i = 0; i < a.rank; i++)
    if (a.dims[i] != b.dims[i]) return false;
  return true;
}

// No two elements in one place along any single axis: no stride 0 on an axis that is longer than 1.
inline bool writable(const Operand& o) {
  for (int i = 0; i < o.rank; i++)
    if (o.dims[i] > 1 && o.strides[i] == 0) return false;
  return true;
}

// Part p of `parts` of a range of `total`: starts at share(total, p, parts). parts < 2^31.
inline int64_t share(int64_t total, int64_t p, int64_t parts) {
  return total / parts * p + total % parts * p / parts;
}

// Copies n elements that do not overlap; short runs without a call.
template <class T>
inline void copyRun(T* to, const T* from, int64_t n) {
  const size_t bytes = (size_t)n * sizeof(T);
  if (bytes >= 128) {
    memcpy(to, from, bytes);
    return;
  }
  char* d = (char*)to;
  const char* s = (const char*)from;
  size_t i = 0;
  for (; i + 16 <= bytes; i += 16) __builtin_memcpy(d + i, s + i, 16);
  for (; i + sizeof(T) <= bytes; i += sizeof(T)) __builtin_memcpy(d + i, s + i, sizeof(T));
}

}  // namespace
}  // namespace haio::HAIO_ISA::moving
