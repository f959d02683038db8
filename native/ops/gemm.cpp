// gemm: see gemm/driver.h and gemm/narrow.h. Inputs A [g…, r…, m, t…, k], packed B [g…, elements], bias
// [g…, n] or none, residual [g…, r…, m, n] or none; 16 and 8 bits: the zero point of A, one element of A's
// type, or none, and the f32 scale [g…, n], any stride, or none; then the operands of the stages [g…, r…, m, n]; output [g…, r…, m, n]. Innermost dimensions
// are contiguous, those of stage operands may have any stride. The output may be the residual, or a
// stage operand of its type where K is one block.
//
// gemm.f32: all f32. gemm.bf16: A bf16 or f32, B bf16, bias f32, the others of any numeric type.
// gemm.i8: A i8 or u8, B as pack.i8 makes it, bias i32, stage operands and output of any numeric type.
#include "gemm/check.h"
#include "gemm/driver.h"
#include "gemm/narrow.h"

namespace haio::HAIO_ISA::gemm {
namespace {

const char* checkFloats(const StepArgs& a, size_t scratchBytes) {
  if (const char* wrong = checkOperands(a)) return wrong;
  for (size_t i = 0; i < a.inCount; i++)
    if (a.in[i].data && a.in[i].type != Type::f32) return "operand is not f32";
  if (a.out[0].type != Type::f32) return "output is not f32";
  if (const char* wrong = checkResidual(a)) return wrong;
  if (const char* wrong = checkStages(a.stages, a.inCount - kOwnInputs)) return wrong;
  if (speedOf(a.rows, a.rowCount) < 0) return "no gemm rows";
  const Params& p = *static_cast<const Params*>(a.params);
  const Operand &x = a.in[kA], &b = a.in[kB], &out = a.out[0];
  const int outer = out.rank - 2, groups = b.rank - 1;
  const int64_t sizes[] = {p.period, p.block, p.rowBlock, p.mBlock, p.nBlock};
  for (const int64_t v : sizes)
    if (v < 1 || v > kLimit) return "block sizes";
  const int64_t perTap = x.dims[x.rank - 1], k = productOf(x, outer + 1, x.rank);
  if (p.block > p.period || (k > 0 && p.period != perTap && (p.block != p.period || p.period % perTap != 0)))
    return "blocks do not fit the taps";
  const int64_t floats = times(times(k, panelsOf(out.dims[outer + 1])), kPanel);
  if (floats < 0 || b.dims[groups] < floats) return "B is too small";
  if (const char* wrong = checkCut(a, p, kOwnInputs)) return wrong;
  if (p.copy && times(times(p.rowBlock, p.mBlock), copyStride(smaller(p.block, k))) < 0)
    return "copy is too large";
  return Scratch(shapeOf(a, p), p, a.stages).end > static_cast<int64_t>(scratchBytes) ? "scratch is too small"
                                                                                     : nullptr;
}

bool numeric(Type type) { return widthOf(type) != 0; }

// What an 8-bit kernel does with its sums.
const char* checkQuantized(const StepArgs& a, const NarrowParams& p) {
  const Operand& residual = a.in[kResidual];
  const bool sum = p.quantize == kQuantizedSum;
  if (sum != (residual.data != nullptr)) return "residual of quantised sums";
  if (!p.quantize) return nullptr;
  const auto bytes = [](const Operand& o) { return o.type == Type::i8 || o.type == Type::u8; };
  const auto range = [](float lo, float hi) { return lo >= -128 && hi <= 255 && lo <= hi; };
  if (p.quantize < 0 || p.quantize > kQuantizedSum || a.stages || !bytes(a.out[0])) return "quantised output";
  if (!range(p.lo, p.hi)) return "range of the output";
  if (!sum) return nullptr;
  if (!bytes(residual)) return "quantised residual";
  return range(p.sumLo, p.sumHi) ? nullptr : "range of the sum";
}

template <class F>
const char* checkNarrow(const StepArgs& a, size_t scratchBytes) {
  if (const char* wrong = checkOperands(a, kNarrowInputs)) return wrong;
  constexpr bool kInt = F::acc == Type::i32;
  const NarrowParams& p = *static_cast<const NarrowParams*>(a.params);
  const Operand &x = a.in[kA], &b = a.in[kB], &zero = a.in[kZero], &out = a.out[0];
  if (kInt ? x.type != Type::i8 && x.type != Type::u8 : x.type != Type::bf16 && x.type != Type::f32)
    return "type of A";
  if (b.type != F::type) return "type of B";
  if (a.in[kBias].data && a.in[kBias].type != F::acc) return "type of the bias";
  for (size_t i = kResidual; i < a.inCount; i++)
    if (a.in[i].data && !numeric(a.in[i].type)) return "operand is no number";
  if (!numeric(out.type)) return "output is no number";
  const Operand& scale = a.in[kScale];
  if constexpr (kInt) {
    if (zero.data && (zero.type != x.type || zero.rank != 0)) return "zero point";
    if (scale.data && (scale.type != Type::f32 || scale.rank != b.rank || !sameDims(scale, out, b.rank - 1) ||
                       scale.dims[b.rank - 1] != out.dims[out.rank - 1]))
      return "scale";
    if (const char* wrong = checkQuantized(a, p)) return wrong;
  } else if (scale.data || zero.data || p.quantize) {
    return "scale";
  }
  if (const char* wrong = checkResidual(a)) return wrong;
  if (const char* wrong = checkStages(a.stages, a.inCount - kNarrowInputs)) return wrong;
  if (speedOf(a.rows, a.rowCount, x.type == Type::f32 ? F::type : x.type, F::type) < 0) return "no gemm rows";
  const int64_t sizes[] = {p.rowBlock, p.mBlock, p.nBlock};
  for (const int64_t v : sizes)
    if (v < 1 || v > kLimit) return "block sizes";
  const int outer = out.rank - 2, groups = b.rank - 1;
  const int64_t perTap = x.dims[x.rank - 1], k = productOf(x, outer + 1, x.rank);
  if (!p.copy && (x.type == Type::f32 || perTap % F::kStep != 0)) return "A must be copied";
  if (kInt && k > INT32_MAX) return "too many k";
  const int64_t panels = panelsOf(out.dims[outer + 1]);
  if (times(times(paddedK<F>(k), panels), 2 * kPanel) < 0 || b.dims[groups] < elements<F>(paddedK<F>(k), panels))
    return "B is too small";
  if (const char* wrong = checkCut(a, p, kNarrowInputs)) return wrong;
  const int64_t rows = times(p.rowBlock, p.mBlock);
  if (rows < 0 || times(rows, 2 * narrowCopyStride(paddedK<F>(k), F::kStep)) < 0) return "rows of an item";
  return NarrowScratch<F>(shapeOf(a, p, kNarrowInputs), p, a.stages).end > static_cast<int64_t>(scratchBytes)
             ? "scratch is too small"
             : nullptr;
}

void runFloats(const StepArgs& a) { Driver(a).run(); }
template <class F>
void runNarrow(const StepArgs& a) {
  Narrow<F>(a).run();
}

constexpr const char* kNarrowSignature = "rowBlock:i64,mBlock:i64,nBlock:i64,copy:i32,quantize:i32,lo:f32,hi:f32,zero:f32,"
    "ownZero:f32,ownScale:f32,otherZero:f32,otherScale:f32,divisor:f32,sumZero:f32,sumLo:f32,sumHi:f32";

}  // namespace

HAIO_TABLE(gemm,
           {"gemm.f32", "period:i64,block:i64,rowBlock:i64,mBlock:i64,nBlock:i64,copy:i32,lo:f32,hi:f32",
            sizeof(Params), 2, kOwnInputs, 1, runFloats, checkFloats, nullptr},
           {"gemm.bf16", kNarrowSignature, sizeof(NarrowParams), 2, kNarrowInputs, 1, runNarrow<Bf16>,
            checkNarrow<Bf16>, nullptr},
           {"gemm.i8", kNarrowSignature, sizeof(NarrowParams), 2, kNarrowInputs, 1, runNarrow<Int8>,
            checkNarrow<Int8>, nullptr})

}  // namespace haio::HAIO_ISA::gemm
