// Tiles of depthwise convolutions: some rows × columns of the output and all channels. Where the inputs
// of a tile lie is written into a table of pointers once (outside of x: a row of zeros), then the loop over
// channels runs.
#pragma once
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
constexpr int64_t kMaxTable = 96;      // pointers of a tile of the kernels of fixed size
constexpr int64_t kAnyColumns = 8;     // columns of a tile of the kernel of any size
constexpr int64_t kTileFloats = 1024;  // finished elements that the stages work on

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
      : a(s),
        p(*static_cast<const Params*>(s.params)),
        x(s.in[kX]),
        out(s.out[0]),
        channels(x.dims[4]),
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
      if constexpr (kWhole)
        store(to, v);
      else
        store(to, v, n);
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
          for (int k = 0; k < K; k++)
            w[r][k] = get<kWhole>(j.weights + ((y - r * S) * K + k) * j.weightStep + c, n);
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
  static void run(const Job& j, const Target& t, const float* image, int64_t o0, int64_t row,
                  int64_t column) {
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

}  // namespace
}  // namespace haio::HAIO_ISA::dwconv
