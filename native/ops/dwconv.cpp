// dwconv: depthwise convolution. Inputs x [N, d0, d1, d2, C] (missing spatial axes have size 1),
// weights [taps, C], bias [C] or none, residual [N, o0, o1, o2, C] or none, then the operands of the
// stages; output [N, o0, o1, o2, C] = stages(clamp(residual + bias + Σ x·w)). Places of a window
// outside of x are zero. Channels are contiguous (those of stage operands: any stride). The output may
// not be an input. An item is `rowBlock` rows o1 of one (n, o0).
//
// A tile is some rows × columns of the output and all channels. Where its inputs lie is written into a
// table of pointers once per tile (outside: a row of zeros), then the loop over channels runs.
#include "gemm/epilogue.h"
#include "pool.h"

namespace haio::HAIO_ISA::dwconv {
namespace {
using gemm::ceilDiv, gemm::larger, gemm::smaller, gemm::StageOperand;
using pool::PoolParams;

struct Params {
  PoolParams window;
  int64_t rowBlock;
  float lo, hi;
};
constexpr int kX = 0, kWeights = 1, kBias = 2, kResidual = 3, kOwnInputs = 4;
constexpr int64_t kMaxTable = 96;       // pointers of a tile of the kernels of fixed size
constexpr int64_t kAnyColumns = 8;      // columns of a tile of the kernel of any size
constexpr int64_t kTileFloats = 1024;   // finished elements that the stages work on

inline int64_t roundUp(int64_t a, int64_t b) { return ceilDiv(a, b) * b; }

struct Scratch {
  int64_t table, tile, blocks, end;
  Scratch(int64_t channels, int64_t taps, const Stages* stages, size_t operands) {
    table = roundUp(channels, 16) * 4;  // the zeros come first
    tile = table + roundUp(larger(kMaxTable, taps * kAnyColumns) * 8, 64);
    blocks = tile + kTileFloats * 4;
    end = blocks + static_cast<int64_t>(gemm::stageBytes(stages, operands));
  }
};

// Pixels of the output at hand: `rows` pointers to the first of `columns` pixels.
struct Target {
  float* out[2];
  const float* residual[2];
  int64_t outStep, residualStep;
};

struct Job {
  const StepArgs& a;
  const Params& p;
  const Operand &x, &out;
  int64_t channels, taps;
  const float *weights, *bias, *zeros;
  int64_t weightStep;
  const float** table;
  float *tile, *blocks;
  mutable gemm::FilledBlocks filled;
  bool clamp;
  explicit Job(const StepArgs& s)
      : a(s), p(*static_cast<const Params*>(s.params)), x(s.in[kX]), out(s.out[0]), channels(x.dims[4]),
        taps(s.in[kWeights].dims[0]) {
    const Scratch at(channels, taps, a.stages, a.inCount - kOwnInputs);
    char* base = static_cast<char*>(a.scratch);
    memset(base, 0, static_cast<size_t>(at.table));
    zeros = reinterpret_cast<float*>(base);
    table = reinterpret_cast<const float**>(base + at.table);
    tile = reinterpret_cast<float*>(base + at.tile);
    blocks = reinterpret_cast<float*>(base + at.blocks);
    weights = static_cast<const float*>(a.in[kWeights].data);
    weightStep = a.in[kWeights].strides[0];
    bias = static_cast<const float*>(a.in[kBias].data);
    clamp = !(p.lo == -__builtin_inff() && p.hi == __builtin_inff());
    if (a.stages) memset(tile, 0, kTileFloats * 4);
  }
  [[gnu::always_inline]] F32 limited(F32 v) const { return clamp ? min(set1(p.hi), max(set1(p.lo), v)) : v; }
};

template <bool kWhole>
AI F32 get(const float* p, size_t n) {
  if constexpr (kWhole) return load(p);
  return load(p, n);
}

// One vector of channels of a tile: adds bias and residual, clamps, stores.
template <bool kWhole, int RT, int CT>
AI void finish(const Job& j, const Target& t, F32 (&acc)[RT][CT], int64_t c, size_t n) {
#pragma GCC unroll 2
  for (int r = 0; r < RT; r++)
#pragma GCC unroll 8
    for (int q = 0; q < CT; q++) {
      F32 v = acc[r][q];
      if (t.residual[r]) v = v + get<kWhole>(t.residual[r] + q * t.residualStep + c, n);
      v = j.limited(v);
      float* to = t.out[r] + q * t.outStep + c;
      if constexpr (kWhole) store(to, v);
      else store(to, v, n);
    }
}

// Square kernels K×K of stride S: inputs are shared between the outputs of a tile.
template <int K, int S, int RT, int CT>
struct Fixed {
  static constexpr int IH = (RT - 1) * S + K, IW = (CT - 1) * S + K;
  static_assert(IH * IW <= kMaxTable);

  template <bool kWhole>
  [[gnu::always_inline]] static void channels(const Job& j, const Target& t, int64_t c, size_t n) {
    F32 acc[RT][CT];
    const F32 start = j.bias ? get<kWhole>(j.bias + c, n) : set1(0.f);
#pragma GCC unroll 2
    for (int r = 0; r < RT; r++)
#pragma GCC unroll 8
      for (int q = 0; q < CT; q++) acc[r][q] = start;
#pragma GCC unroll 16
    for (int y = 0; y < IH; y++) {
      F32 w[RT][K];
#pragma GCC unroll 2
      for (int r = 0; r < RT; r++)
        if (y >= r * S && y < r * S + K) {
#pragma GCC unroll 8
          for (int k = 0; k < K; k++) w[r][k] = get<kWhole>(j.weights + ((y - r * S) * K + k) * j.weightStep + c, n);
        }
#pragma GCC unroll 32
      for (int i = 0; i < IW; i++) {
        const F32 v = get<kWhole>(j.table[y * IW + i] + c, n);
#pragma GCC unroll 2
        for (int r = 0; r < RT; r++)
#pragma GCC unroll 8
          for (int q = 0; q < CT; q++)
            if (y >= r * S && y < r * S + K && i >= q * S && i < q * S + K)
              acc[r][q] = fma(v, w[r][i - q * S], acc[r][q]);
      }
    }
    finish<kWhole>(j, t, acc, c, n);
  }

  // Outputs of rows `row`… and columns `column`… of plane (n, o0), whose input starts at `plane`.
  static void run(const Job& j, const Target& t, const float* plane, int64_t row, int64_t column) {
    const PoolParams& p = j.p.window;
    const int64_t y0 = row * S - p.pad[1], x0 = column * S - p.pad[2];
    const bool inside = x0 >= 0 && x0 + IW <= j.x.dims[3];
    for (int y = 0; y < IH; y++) {
      const float** to = j.table + y * IW;
      if (y0 + y < 0 || y0 + y >= j.x.dims[2]) {
        for (int i = 0; i < IW; i++) to[i] = j.zeros;
        continue;
      }
      const float* line = plane + (y0 + y) * j.x.strides[2];
      if (inside) {
        const float* from = line + x0 * j.x.strides[3];
        for (int i = 0; i < IW; i++) to[i] = from + i * j.x.strides[3];
      } else {
        for (int i = 0; i < IW; i++)
          to[i] = x0 + i >= 0 && x0 + i < j.x.dims[3] ? line + (x0 + i) * j.x.strides[3] : j.zeros;
      }
    }
    constexpr int64_t N = F32::N;
    int64_t c = 0;
    for (; c + N <= j.channels; c += N) channels<true>(j, t, c, N);
    if (c < j.channels) channels<false>(j, t, c, static_cast<size_t>(j.channels - c));
  }
};

// Kernels of any size, stride and dilation: CT outputs of one row.
template <int CT>
struct Any {
  template <bool kWhole>
  [[gnu::always_inline]] static void channels(const Job& j, const Target& t, int64_t c, size_t n) {
    F32 acc[1][CT];
    const F32 start = j.bias ? get<kWhole>(j.bias + c, n) : set1(0.f);
#pragma GCC unroll 8
    for (int q = 0; q < CT; q++) acc[0][q] = start;
    for (int64_t tap = 0; tap < j.taps; tap++) {
      const F32 w = get<kWhole>(j.weights + tap * j.weightStep + c, n);
#pragma GCC unroll 8
      for (int q = 0; q < CT; q++) acc[0][q] = fma(get<kWhole>(j.table[tap * CT + q] + c, n), w, acc[0][q]);
    }
    finish<kWhole>(j, t, acc, c, n);
  }

  // Outputs of columns `column`… of row (o0, row); x starts at `image`.
  static void run(const Job& j, const Target& t, const float* image, int64_t o0, int64_t row, int64_t column) {
    const PoolParams& p = j.p.window;
    const float** to = j.table;
    const auto place = [&](int axis, int64_t o, int64_t k) {
      return o * p.stride[axis] - p.pad[axis] + k * p.dilation[axis];
    };
    const auto outside = [&](int axis, int64_t at) { return at < 0 || at >= j.x.dims[axis + 1]; };
    for (int64_t k0 = 0; k0 < p.kernel[0]; k0++)
      for (int64_t k1 = 0; k1 < p.kernel[1]; k1++) {
        const int64_t z = place(0, o0, k0), y = place(1, row, k1);
        const bool none = outside(0, z) || outside(1, y);
        const float* line = none ? j.zeros : image + z * j.x.strides[1] + y * j.x.strides[2];
        for (int64_t k2 = 0; k2 < p.kernel[2]; k2++)
          for (int q = 0; q < CT; q++) {
            const int64_t i = place(2, column + q, k2);
            *to++ = none || outside(2, i) ? j.zeros : line + i * j.x.strides[3];
          }
      }
    constexpr int64_t N = F32::N;
    int64_t c = 0;
    for (; c + N <= j.channels; c += N) channels<true>(j, t, c, N);
    if (c < j.channels) channels<false>(j, t, c, static_cast<size_t>(j.channels - c));
  }
};

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
      for (int64_t r = 0; r < rows; r++) gemm::loadRow(j.tile + r * width, out + (q + r) * outStep + c, 1, n, width);
      gemm::runStages(*j.a.stages, operands, count, j.tile, width, rows, n, out + q * outStep + c, outStep, j.blocks,
                      j.filled);
      for (size_t i = 0; i < count; i++) operands[i].data += rows * operands[i].row;
    }
  }
}

enum Kind { kAny, k3x3, k3x3s2, k5x5, k5x5s2 };
Kind kindOf(const PoolParams& p, const Operand& x, const Operand& out) {
  const bool square = p.kernel[0] == 1 && x.dims[1] == out.dims[1] && p.kernel[1] == p.kernel[2] && p.stride[1] == p.stride[2] &&
                      p.dilation[1] == 1 && p.dilation[2] == 1 && p.stride[0] == 1 && p.pad[0] == 0;
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
    base.out[r] = static_cast<float*>(out.data) + n * out.strides[0] + o0 * out.strides[1] + (row + r) * out.strides[2];
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
  if (channels > 1 && (x.strides[4] != 1 || out.strides[4] != 1 || w.strides[1] != 1 ||
                       (bias.data && bias.strides[0] != 1) ||
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
