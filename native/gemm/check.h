// What the CheckFns of gemm steps share.
#pragma once
#include "gemm/shape.h"

namespace haio::HAIO_ISA::gemm {
namespace {

constexpr int64_t kLimit = int64_t(1) << 47;

// a · b, or −1 when a factor is negative or the product exceeds kLimit.
inline int64_t times(int64_t a, int64_t b) {
  if (a < 0 || b < 0 || a > kLimit || b > kLimit) return -1;
  return b != 0 && a > kLimit / b ? -1 : a * b;
}
// No product of some of the dims exceeds kLimit.
inline bool bounded(const Operand& o) {
  int64_t n = 1;
  for (int i = 0; i < o.rank; i++) n = times(n, larger(o.dims[i], 1));
  return n >= 0;
}

inline bool contiguous(const Operand& o) { return o.dims[o.rank - 1] <= 1 || o.strides[o.rank - 1] == 1; }
inline bool sameDims(const Operand& o, const Operand& as, int rank) {
  if (o.rank < rank) return false;
  for (int i = 0; i < rank; i++)
    if (o.dims[i] != as.dims[i]) return false;
  return true;
}
// Axes from…to step through memory as one, at the stride of axis `to`.
inline bool joined(const Operand& o, int from, int to) {
  int64_t stride = o.strides[to], size = o.dims[to];
  for (int i = to - 1; i >= from; i--) {
    int64_t expected;
    if (__builtin_mul_overflow(stride, size, &expected)) return false;
    if (o.dims[i] > 1 && o.strides[i] != expected) return false;
    size *= o.dims[i];
  }
  return true;
}

// Operands alone, but for their types and the fourth input; sizes are bounded before anything multiplies them.
inline const char* checkOperands(const StepArgs& a, int ownInputs = kOwnInputs) {
  if (a.inCount < size_t(ownInputs) || a.outCount != 1) return "number of operands";
  const Operand &x = a.in[kA], &b = a.in[kB], &bias = a.in[kBias], &out = a.out[0];
  if (!x.data || !b.data || !out.data) return "operand missing";
  for (size_t i = 0; i < a.inCount; i++) {
    if (!a.in[i].data && i >= size_t(ownInputs)) return "stage operand missing";
  }
  if (!bounded(out) || !bounded(x)) return "too many elements";
  const int outer = out.rank - 2, groups = b.rank - 1;
  if (outer < 0 || groups < 0 || groups > outer || x.rank < outer + 2) return "ranks";
  if (!sameDims(x, out, outer + 1)) return "dims of A and output differ";
  if (!sameDims(b, out, groups)) return "groups of B";
  if (!contiguous(x) || !contiguous(b) || !contiguous(out)) return "inner dimension is not contiguous";
  for (int i = 0; i < out.rank; i++)
    if (out.dims[i] > 1 && out.strides[i] == 0 && productOf(out, 0, out.rank) > 0) return "output repeats";
  if (bias.data) {
    if (bias.rank != b.rank || !sameDims(bias, out, groups) || !contiguous(bias)) return "bias";
    if (bias.dims[groups] != out.dims[outer + 1]) return "length of bias";
  }
  for (size_t i = static_cast<size_t>(ownInputs); i < a.inCount; i++)
    if (a.in[i].rank != out.rank || !sameDims(a.in[i], out, out.rank)) return "stage operand";
  return nullptr;
}

// A residual, which is the fourth input.
inline const char* checkResidual(const StepArgs& a) {
  const Operand &residual = a.in[kResidual], &out = a.out[0];
  const bool fits =
      residual.rank == out.rank && sameDims(residual, out, out.rank) && contiguous(residual);
  return !residual.data || fits ? nullptr : "residual";
}

// The cut into items, after checkOperands and checkResidual.
template <class P>
inline const char* checkCut(const StepArgs& a, const P& p, int ownInputs) {
  const Operand& out = a.out[0];
  const int outer = out.rank - 2, groups = a.in[kB].rank - 1;
  // the products below cannot overflow: each is bounded by a product of dims, or checked here
  const Shape s = shapeOf(a, p, ownInputs);
  const int64_t items = times(times(s.groups, s.rowBlocks), times(s.mBlocks, s.nBlocks));
  if (items < 0 || a.end > static_cast<size_t>(items)) return "number of items";
  if (times(s.taps, 8) < 0 || times(p.rowBlock, 8 * (3 + kMaxStageOperands)) < 0) return "too many rows";
  if (!p.copy) return nullptr;
  const bool crossing = p.rowBlock > 1 && s.rows > 1;
  if (!crossing) return nullptr;
  if (p.mBlock < s.m) return "copied rows are not whole";
  bool fits = joined(out, groups, outer);
  if (a.in[kResidual].data) fits = fits && joined(a.in[kResidual], groups, outer);
  for (size_t i = static_cast<size_t>(ownInputs); i < a.inCount; i++)
    if (a.in[i].data) fits = fits && joined(a.in[i], groups, outer);
  return fits ? nullptr : "copied rows do not join";
}

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
