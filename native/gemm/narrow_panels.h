// The panel formats of 16- and 8-bit right-hand sides B[K, N].
//
// A panel is 16 columns. A line of 64 bytes holds, for each of them, the elements of kGroup consecutive
// k: 2 of bf16, 4 of 8 bits. K is padded with zeros to whole k-steps of 16 lines, columns from N on are
// zero; the order in memory is [panel][line]. 8-bit elements are signed: unsigned ones are stored less
// 128, as is their zero point z. Behind the panels of an 8-bit matrix stand, for all columns,
// int32 Σ_k b, of what is stored, and then int32 z. Several matrices follow each other.
#pragma once
#include "gemm/panels.h"
#include "kernel.h"

namespace haio::HAIO_ISA::gemm {
namespace {

constexpr int64_t kLineBytes = 64;

struct Bf16 {
  using B = uint16_t;
  using Acc = float;
  static constexpr Type type = Type::bf16, acc = Type::f32;
  static constexpr int64_t kGroup = 2, kStep = 32;
  static constexpr int64_t bytes(int64_t k, int64_t panels) { return k / kGroup * kLineBytes * panels; }
};
struct Int8 {
  using B = int8_t;
  using Acc = int32_t;
  static constexpr Type type = Type::i8, acc = Type::i32;
  static constexpr int64_t kGroup = 4, kStep = 64;
  static constexpr int64_t bytes(int64_t k, int64_t panels) {
    return k / kGroup * kLineBytes * panels + 2 * kLineBytes * panels;
  }
};

template <class F>
constexpr int64_t paddedK(int64_t k) {
  return (k + F::kStep - 1) / F::kStep * F::kStep;
}

// Elements of a matrix of padded K, in B's type.
template <class F>
constexpr int64_t elements(int64_t k, int64_t panels) {
  return F::bytes(k, panels) / static_cast<int64_t>(sizeof(typename F::B));
}

// The int32 sums of all columns of an 8-bit matrix, behind which stand the zero points.
inline const int32_t* sumsOf(const int8_t* b, int64_t k, int64_t panels) {
  return reinterpret_cast<const int32_t*>(b + k * kPanel * panels);
}

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
