// How an update meets what stands in its place.
#pragma once
#include "moving.h"

namespace haio::HAIO_ISA::scatter {
namespace {

// Numbering of REDUCTIONS in lib/ops/scatter.ts.
enum Reduction : int32_t { kNone, kAdd, kMul, kMin, kMax };

// Integers wrap; the greatest and least propagate NaN.
template <class T>
AI T join(T old, T update, int32_t reduction) {
  constexpr bool integer = T(1) / T(2) == T(0);
  switch (reduction) {
    case kAdd:
      if constexpr (integer)
        return static_cast<T>(static_cast<uint64_t>(old) + static_cast<uint64_t>(update));
      else
        return old + update;
    case kMul:
      if constexpr (integer)
        return static_cast<T>(static_cast<uint64_t>(old) * static_cast<uint64_t>(update));
      else
        return old * update;
    case kMin:
      return old != old || old < update ? old : update;
    case kMax:
      return old != old || old > update ? old : update;
    default:
      return update;
  }
}

// Rows by element width only move; rows by type also reduce.
template <class T>
struct Kind {
  static constexpr bool moves = true;
};
template <>
struct Kind<float> {
  static constexpr bool moves = false;
  static constexpr Type type = Type::f32;
};
template <>
struct Kind<double> {
  static constexpr bool moves = false;
  static constexpr Type type = Type::f64;
};
template <>
struct Kind<int32_t> {
  static constexpr bool moves = false;
  static constexpr Type type = Type::i32;
};
template <>
struct Kind<int64_t> {
  static constexpr bool moves = false;
  static constexpr Type type = Type::i64;
};

template <class T>
AI bool fits(const Operand& o) {
  if constexpr (Kind<T>::moves)
    return moving::wide<T>(o);
  else
    return moving::present(o) && o.type == Kind<T>::type;
}
template <class T>
AI bool reduces(int32_t reduction) {
  return Kind<T>::moves ? reduction == kNone : reduction >= kNone && reduction <= kMax;
}

}  // namespace
}  // namespace haio::HAIO_ISA::scatter

// The rows of such an op.
#define HAIO_SCATTER_ROW(name, suffix, T, signature) \
  {name suffix, signature, sizeof(Params), 2, 2, 1, run<T>, check<T>, nullptr}
#define HAIO_SCATTER(file, signature)                                  \
  HAIO_TABLE(file, HAIO_SCATTER_ROW(#file, ".b1", uint8_t, signature), \
             HAIO_SCATTER_ROW(#file, ".b2", uint16_t, signature),      \
             HAIO_SCATTER_ROW(#file, ".b4", uint32_t, signature),      \
             HAIO_SCATTER_ROW(#file, ".b8", uint64_t, signature),      \
             HAIO_SCATTER_ROW(#file, ".f32", float, signature),        \
             HAIO_SCATTER_ROW(#file, ".f64", double, signature),       \
             HAIO_SCATTER_ROW(#file, ".i32", int32_t, signature),      \
             HAIO_SCATTER_ROW(#file, ".i64", int64_t, signature))
