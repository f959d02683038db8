// dwconv: depthwise convolution. Inputs x [N, d0, d1, d2, C] (missing spatial axes have size 1),
// weights [taps, C], bias [C] or none, residual [N, o0, o1, o2, C] or none, then the operands of the
// stages; output [N, o0, o1, o2, C] = stages(clamp(residual + bias + Σ x·w)). Places of a window
// outside of x are zero. Channels are contiguous (those of stage operands: any stride). The output may
// not be an input. An item is `rowBlock` rows o1 of one (n, o0).
#include "dwconv.h"

namespace haio::HAIO_ISA::dwconv {
namespace {

// Stages over `columns` pixels of one row, which stand in the output.
void stagesOf(const Job& j, float* out, int64_t outStep, const int64_t (&index)[4], int64_t columns) {
  StageOperand operands[gemm::kMaxStageOperands];
  const size_t count = j.a.inCount - kOwnInputs;
  const int64_t width = smaller(roundUp(j.channels, 16), kBlock);
  for (int64_t c = 0; c < j.channels; c += width) {
    const int64_t n = smaller(width, j.channels - c);
    for (size_t i = 0; i < count; i++) {
      const Operand& o = j.a.in[kOwnInputs + i];
      int64_t at = c * o.strides[4];
      for (int axis = 0; axis < 4; axis++) at += index[axis] * o.strides[axis];
      operands[i] = {static_cast<const float*>(o.data) + at, o.strides[3], o.strides[4]};
    }
    const int64_t together = kTileFloats / width;
    for (int64_t q = 0; q < columns; q += together) {
      const int64_t rows = smaller(together, columns - q);
      for (int64_t r = 0; r < rows; r++)
        gemm::loadRow(j.tile + r * width, out + (q + r) * outStep + c, 1, n, width);
      gemm::runStages(*j.a.stages, operands, count, j.tile, width, rows, n, out + q * outStep + c, outStep,
                      Type::f32, j.blocks, j.filled);
      for (size_t i = 0; i < count; i++) operands[i].data = operands[i].at(rows);
    }
  }
}

enum Kind { kAny, k3x3, k3x3s2, k5x5, k5x5s2 };
Kind kindOf(const PoolParams& p, const Operand& x, const Operand& out) {
  const bool square = p.kernel[0] == 1 && x.dims[1] == out.dims[1] && p.kernel[1] == p.kernel[2] &&
                      p.stride[1] == p.stride[2] && p.dilation[1] == 1 && p.dilation[2] == 1 &&
                      p.stride[0] == 1 && p.pad[0] == 0;
  if (!square || p.stride[1] > 2) return kAny;
  if (p.kernel[1] == 3) return p.stride[1] == 1 ? k3x3 : k3x3s2;
  if (p.kernel[1] == 5) return p.stride[1] == 1 ? k5x5 : k5x5s2;
  return kAny;
}

constexpr bool kManyRegisters = F32::N == 16;
constexpr int kWide = kManyRegisters ? 7 : 4;  // columns of a tile
constexpr int kNarrow = 4;

struct Place {
  const float* image;  // x of this n
  int64_t o0, row, column;
};

template <int K, int S, int RT, int CT>
void fixed(const Job& j, const Target& t, const Place& at) {
  Fixed<K, S, RT, CT>::run(j, t, at.image + at.o0 * j.x.strides[1], at.row, at.column);
}
template <int CT>
void any(const Job& j, const Target& t, const Place& at) {
  Any<CT>::run(j, t, at.image, at.o0, at.row, at.column);
}
using TileFn = void (*)(const Job&, const Target&, const Place&);
struct Shape {
  TileFn wide, narrow, single;  // of kWide, kNarrow, 1 columns
  int wideColumns, rows;
};
constexpr Shape kShapes[] = {
    {any<kAnyColumns>, any<kNarrow>, any<1>, kAnyColumns, 1},
    {fixed<3, 1, 2, kWide>, fixed<3, 1, 2, kNarrow>, fixed<3, 1, 2, 1>, kWide, 2},
    {fixed<3, 2, 2, kNarrow>, fixed<3, 2, 2, kNarrow>, fixed<3, 2, 2, 1>, kNarrow, 2},
    {fixed<5, 1, 1, kWide>, fixed<5, 1, 1, kNarrow>, fixed<5, 1, 1, 1>, kWide, 1},
    {fixed<5, 2, 1, kWide>, fixed<5, 2, 1, kNarrow>, fixed<5, 2, 1, 1>, kWide, 1},
};
// The last row of an odd number of rows.
constexpr Shape kRest[] = {
    kShapes[0],
    {fixed<3, 1, 1, kWide>, fixed<3, 1, 1, kNarrow>, fixed<3, 1, 1, 1>, kWide, 1},
    {fixed<3, 2, 1, kNarrow>, fixed<3, 2, 1, kNarrow>, fixed<3, 2, 1, 1>, kNarrow, 1},
    kShapes[3],
    kShapes[4],
};

// Rows row…row+rows−1 of one plane; the last tile of a row overlaps the one before.
void tiles(const Job& j, const Shape& s, int64_t n, int64_t o0, int64_t row, int rows) {
  const Operand &out = j.out, &residual = j.a.in[kResidual];
  const int64_t width = out.dims[3];
  const bool wide = width >= s.wideColumns && roundUp(width, s.wideColumns) <= roundUp(width, kNarrow);
  const int64_t columns = wide ? s.wideColumns : width >= kNarrow ? kNarrow : 1;
  const TileFn fn = wide ? s.wide : width >= kNarrow ? s.narrow : s.single;
  Target base = {{}, {}, out.strides[3], residual.data ? residual.strides[3] : 0};
  for (int r = 0; r < rows; r++) {
    base.out[r] =
        static_cast<float*>(out.data) + n * out.strides[0] + o0 * out.strides[1] + (row + r) * out.strides[2];
    if (residual.data)
      base.residual[r] = static_cast<const float*>(residual.data) + n * residual.strides[0] +
                         o0 * residual.strides[1] + (row + r) * residual.strides[2];
  }
  const float* image = static_cast<const float*>(j.x.data) + n * j.x.strides[0];
  for (int64_t q = 0; q < width; q += columns) {
    const int64_t column = smaller(q, width - columns);
    Target t = base;
    for (int r = 0; r < rows; r++) {
      t.out[r] += column * t.outStep;
      if (t.residual[r]) t.residual[r] += column * t.residualStep;
    }
    fn(j, t, {image, o0, row, column});
    if (!j.a.stages) continue;
    for (int r = 0; r < rows; r++) stagesOf(j, t.out[r], t.outStep, {n, o0, row + r, column}, columns);
  }
}

void run(const StepArgs& a) {
  const Job j(a);
  const Kind kind = kindOf(j.p.window, j.x, j.out);
  const int64_t blocks = ceilDiv(j.out.dims[2], j.p.rowBlock);
  for (size_t item = a.begin; item < a.end; item++) {
    const int64_t i = static_cast<int64_t>(item), rest = i / blocks;
    const int64_t first = i % blocks * j.p.rowBlock, end = smaller(j.out.dims[2], first + j.p.rowBlock);
    for (int64_t row = first; row < end;) {
      const Shape& s = kShapes[kind].rows <= end - row ? kShapes[kind] : kRest[kind];
      tiles(j, s, rest / j.out.dims[1], rest % j.out.dims[1], row, s.rows);
      row += s.rows;
    }
  }
}

const char* check(const StepArgs& a, size_t scratchBytes) {
  if (a.inCount < size_t(kOwnInputs)) return "number of operands";
  const Operand &x = a.in[kX], &w = a.in[kWeights], &bias = a.in[kBias], &out = a.out[0];
  if (!x.data || !w.data || !out.data || out.type != Type::f32) return "operand missing";
  for (size_t i = 0; i < a.inCount; i++) {
    const Operand& o = a.in[i];
    if (!o.data && i >= size_t(kOwnInputs)) return "stage operand missing";
    if (o.data && o.type != Type::f32) return "operand is not f32";
    if (!o.data || i == kX || i == kWeights || i == kBias) continue;
    if (o.rank != 5) return "operand does not fit the output";
    for (int d = 0; d < 5; d++)
      if (o.dims[d] != out.dims[d]) return "operand does not fit the output";
  }
  if (x.rank != 5 || out.rank != 5 || x.dims[0] != out.dims[0] || x.dims[4] != out.dims[4])
    return "operands must be [N, d0, d1, d2, C]";
  const int64_t channels = x.dims[4];
  int64_t pixels = 1;
  for (int d = 0; d < 5; d++) {
    if (x.dims[d] > INT32_MAX || out.dims[d] > INT32_MAX) return "sizes are out of range";
    if (d < 3 && out.dims[d] > 0 && pixels > (int64_t(1) << 40) / out.dims[d]) return "too many rows";
    if (d < 3 && out.dims[d] > 0) pixels *= out.dims[d];
    if (out.dims[d] > 1 && out.strides[d] == 0) return "output repeats";
  }
  if (w.rank != 2 || w.dims[1] != channels || (bias.data && (bias.rank != 1 || bias.dims[0] != channels)))
    return "weights do not fit";
  if (channels > 1 &&
      (x.strides[4] != 1 || out.strides[4] != 1 || w.strides[1] != 1 || (bias.data && bias.strides[0] != 1) ||
       (a.in[kResidual].data && a.in[kResidual].strides[4] != 1)))
    return "channels must be contiguous";
  const Params& p = *static_cast<const Params*>(a.params);
  int64_t taps = 1;
  for (int i = 0; i < 3; i++) {
    constexpr int32_t most = 1 << 24;
    const PoolParams& q = p.window;
    if (q.kernel[i] < 1 || q.stride[i] < 1 || q.dilation[i] < 1 || q.kernel[i] > most || q.stride[i] > most ||
        q.dilation[i] > most || q.pad[i] < -most || q.pad[i] > most)
      return "the window's parameters are out of range";
    if ((taps *= q.kernel[i]) > most) return "the window is too large";
  }
  if (w.dims[0] != taps) return "weights do not fit";
  if (p.rowBlock < 1 || p.rowBlock > INT32_MAX) return "rows of an item";
  if (const char* wrong = gemm::checkStages(a.stages, a.inCount - kOwnInputs)) return wrong;
  if (Scratch(channels, taps, a.stages, a.inCount - kOwnInputs).end > static_cast<int64_t>(scratchBytes))
    return "scratch is too small";
  const int64_t items = out.dims[0] * out.dims[1] * ceilDiv(out.dims[2], p.rowBlock);
  return a.end > static_cast<size_t>(items) ? "number of items" : nullptr;
}

}  // namespace

HAIO_TABLE(dwconv, {"dwconv.f32", HAIO_POOL_SIGNATURE ",rowBlock:i64,lo:f32,hi:f32", sizeof(Params), 2,
                    kOwnInputs, 1, run, check, nullptr})

}  // namespace haio::HAIO_ISA::dwconv
