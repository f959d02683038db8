// What kernels share that only move elements: they are written by element width, for any type.
#pragma once
#include "simd/convert.h"
#include "simd/loops.h"

namespace haio::HAIO_ISA::moving {
namespace {

AI bool present(const Operand& o) { return o.data != nullptr; }

template <class P>
AI const P& paramsAs(const StepArgs& a) {
  return *static_cast<const P*>(a.params);
}

constexpr int64_t kMaxElements = (int64_t)1 << 48;

// Product of the dims from axis `from` up to `to`; -1 when it exceeds kMaxElements (repeating strides
// let small buffers have huge dims). Without zero among them the product of a part is at most that of all.
AI int64_t elements(const Operand& o, int from, int to) {
  int64_t n = 1;
  for (int i = from; i < to; i++)
    if (o.dims[i] == 0) return 0;
  for (int i = from; i < to; i++) {
    if (o.dims[i] > kMaxElements / n) return -1;
    n *= o.dims[i];
  }
  return n;
}
AI int64_t elements(const Operand& o) { return elements(o, 0, o.rank); }

// Row-major without gaps; the strides of axes of size 1 are free, and so are all of an empty tensor.
AI bool dense(const Operand& o) {
  int64_t stride = 1;
  bool ok = true;
  for (int i = o.rank - 1; i >= 0; i--) {
    if (o.dims[i] == 0) return true;
    if (o.dims[i] != 1 && o.strides[i] != stride) ok = false;
    stride *= o.dims[i];
  }
  return ok;
}

AI bool sameDims(const Operand& a, const Operand& b) {
  if (a.rank != b.rank) return false;
  for (int i = 0; i < a.rank; i++)
    if (a.dims[i] != b.dims[i]) return false;
  return true;
}

// Bytes of the kernel's width on both sides.
template <class T>
AI bool wide(const Operand& o) {
  return present(o) && widthOf(o.type) == sizeof(T);
}

AI bool isIndex(const Operand& o) { return present(o) && (o.type == Type::i32 || o.type == Type::i64); }

// f(pointer to the indices) for either type.
template <class F>
AI void withIndices(const Operand& o, F f) {
  if (o.type == Type::i32)
    f(static_cast<const int32_t*>(o.data));
  else
    f(static_cast<const int64_t*>(o.data));
}

// The place that index i means on an axis of size > 0: negative ones count from the end; outside of it
// the run is told and the nearest place is taken.
AI int64_t place(const StepArgs& a, int64_t i, int64_t size) {
  const int64_t at = i < 0 ? i + size : i;
  if (at >= 0 && at < size) return at;
  a.report(a.status, 1, i);
  return at < 0 ? 0 : size - 1;
}

// No two elements in one place along any single axis: no stride 0 on an axis that is longer than 1.
AI bool writable(const Operand& o) {
  for (int i = 0; i < o.rank; i++)
    if (o.dims[i] > 1 && o.strides[i] == 0) return false;
  return true;
}

// Part p of `parts` of a range of `total`: starts at share(total, p, parts). parts < 2^31.
AI int64_t share(int64_t total, int64_t p, int64_t parts) {
  return total / parts * p + total % parts * p / parts;
}

// Copies n elements that do not overlap; short runs without a call.
template <class T>
AI void copyRun(T* to, const T* from, int64_t n) {
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
