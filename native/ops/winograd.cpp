// winograd: convolutions by transformed tiles, see winograd.h. Inputs x [N, H, W, C], U of winograd_pack,
// bias [M] or none, residual [N, OH, OW, M] or none, then the operands of the stages; output
// [N, OH, OW, M] = stages(clamp(residual + bias + x∗w)), x being surrounded by zeros, padY and padX of
// them before. The inner dimension is contiguous (stage operands: any stride). An item is tileBlock tiles
// times nBlock panels.
#include "winograd.h"

#include "gemm/epilogue.h"
#include "gemm/rows.h"

namespace haio::HAIO_ISA::winograd {
namespace {
using namespace gemm;

struct Params {
  int32_t m, padY, padX;
  int64_t tileBlock, nBlock;
  float lo, hi;
};
constexpr int kX = 0, kU = 1, kBias = 2, kResidual = 3, kOwnInputs = 4;
constexpr int64_t kChunk = 4;  // panels whose products are kept until they are transformed back
constexpr int64_t kPad = 16;   // rows and planes start in different sets of the caches

inline int64_t roundUp(int64_t a, int64_t b) { return ceilDiv(a, b) * b; }
inline int64_t lineOf(int64_t channels) { return roundUp(channels, 2 * kPanel) + kPad; }

// Parts of a worker's scratch, in bytes; the transformed input comes first.
struct Scratch {
  int64_t products, zeros, tile, blocks, end;
  Scratch(const Params& p, int64_t channels, const Stages* stages, size_t operands) {
    const int64_t positions = (p.m + 2) * (p.m + 2);
    products = positions * (p.tileBlock * lineOf(channels) + kPad) * 4;
    zeros = products + positions * (p.tileBlock * (kChunk * kPanel + kPad) + kPad) * 4;
    tile = zeros + roundUp(channels, kPanel) * 4;
    blocks = tile + p.m * p.m * kChunk * kPanel * 4;
    end = blocks + static_cast<int64_t>(stageBytes(stages, operands));
  }
};

template <int M>
class Worker {
  static constexpr int N = Filter<M>::N;
  static constexpr int T = N * N;
  const StepArgs& a;
  const Params& p;
  const Operand &x, &u, &out, &residual;
  const int64_t channels, panels, across, perImage, tiles;
  const int64_t line, plane, productLine, productPlane;
  float *transformed, *products, *zeros, *tile, *blocks;
  FilledBlocks filled;
  const bool clamp;

 public:
  explicit Worker(const StepArgs& s)
      : a(s),
        p(*static_cast<const Params*>(s.params)),
        x(s.in[kX]),
        u(s.in[kU]),
        out(s.out[0]),
        residual(s.in[kResidual]),
        channels(x.dims[3]),
        panels(panelsOf(out.dims[3])),
        across(ceilDiv(out.dims[2], M)),
        perImage(across * ceilDiv(out.dims[1], M)),
        tiles(out.dims[0] * perImage),
        line(lineOf(channels)),
        plane(p.tileBlock * line + kPad),
        productLine(kChunk * kPanel + kPad),
        productPlane(p.tileBlock * productLine + kPad),
        clamp(!(p.lo == -__builtin_inff() && p.hi == __builtin_inff())) {
    const Scratch at(p, channels, a.stages, a.inCount - kOwnInputs);
    char* base = static_cast<char*>(s.scratch);
    transformed = reinterpret_cast<float*>(base);
    products = reinterpret_cast<float*>(base + at.products);
    zeros = reinterpret_cast<float*>(base + at.zeros);
    tile = reinterpret_cast<float*>(base + at.tile);
    blocks = reinterpret_cast<float*>(base + at.blocks);
    memset(zeros, 0, static_cast<size_t>(at.blocks - at.zeros));
  }

  void run() {
    const int64_t nBlocks = ceilDiv(panels, p.nBlock);
    int64_t ready = -1;
    for (size_t item = a.begin; item < a.end; item++) {
      const int64_t block = static_cast<int64_t>(item) / nBlocks,
                    p0 = static_cast<int64_t>(item) % nBlocks * p.nBlock;
      const int64_t first = block * p.tileBlock, count = smaller(p.tileBlock, tiles - first);
      if (block != ready)
        for (int64_t i = 0; i < count; i++) toPoints(first + i, i);
      ready = block;
      const int64_t p1 = smaller(panels, p0 + p.nBlock);
      for (int64_t panel = p0; panel < p1; panel += kChunk) {
        // an item of a layer with many channels takes milliseconds
        if (__atomic_load_n(a.stop, __ATOMIC_RELAXED)) return;
        multiply(panel, smaller(panel + kChunk, p1), p1, count);
        for (int64_t i = 0; i < count; i++) fromPoints(first + i, i, panel, smaller(kChunk, p1 - panel));
      }
    }
  }

 private:
  struct Place {
    int64_t n, y, x;  // the tile's first output
  };
  Place placeOf(int64_t index) const {
    const int64_t inside = index % perImage;
    return {index / perImage, inside / across * M, inside % across * M};
  }

  // Bᵀ d B of tile `index`, for all channels, becomes row i of all planes.
  void toPoints(int64_t index, int64_t i) {
    const Place at = placeOf(index);
    const int64_t y0 = at.y - p.padY, x0 = at.x - p.padX;
    const float* from[T];
    const float* image = static_cast<const float*>(x.data) + at.n * x.strides[0];
    for (int r = 0; r < N; r++)
      for (int c = 0; c < N; c++) {
        const bool inside = y0 + r >= 0 && y0 + r < x.dims[1] && x0 + c >= 0 && x0 + c < x.dims[2];
        from[r * N + c] = inside ? image + (y0 + r) * x.strides[1] + (x0 + c) * x.strides[2] : zeros;
      }
    float* to = transformed + i * line;
    constexpr int64_t W = F32::N;
    int64_t c = 0;
    for (; c + W <= channels; c += W) channelsToPoints<true>(from, to, c, W);
    if (c < channels) channelsToPoints<false>(from, to, c, static_cast<size_t>(channels - c));
  }
  template <bool kWhole>
  [[gnu::always_inline]] void channelsToPoints(const float* const (&from)[T], float* to, int64_t c,
                                               size_t n) const {
    F32 rows[N][N];
#pragma GCC unroll 6
    for (int k = 0; k < N; k++) {
      F32 d[N], v[N];
#pragma GCC unroll 6
      for (int r = 0; r < N; r++) d[r] = kWhole ? load(from[r * N + k] + c) : load(from[r * N + k] + c, n);
      Filter<M>::input(d, v);
#pragma GCC unroll 6
      for (int r = 0; r < N; r++) rows[r][k] = v[r];
    }
#pragma GCC unroll 6
    for (int r = 0; r < N; r++) {
      F32 v[N];
      Filter<M>::input(rows[r], v);
#pragma GCC unroll 6
      for (int k = 0; k < N; k++) store(to + (r * N + k) * plane + c, v[k]);
    }
  }

  // Products of all points for panels p0…p1−1; those from p1 up to `end` come next.
  void multiply(int64_t p0, int64_t p1, int64_t end, int64_t count) {
    const Choice choice = choose(a.rows, a.rowCount, count, p1 - p0);
    const EvenTiles split(count, choice.mr);
    const ptrdiff_t none = 0;
    MicroArgs m = {};
    m.rowStride = line;
    m.taps = &none;
    m.tapCount = 1;
    m.kPerTap = static_cast<size_t>(channels);
    m.panelStride = channels * kPanel;
    m.cStride = productLine;
    const bool large = T * channels * panels * kPanel * 4 > kLargeWeights;
    const float* weights = static_cast<const float*>(u.data);
    for (int t = 0; t < T; t++) {
      const float* next = t + 1 < T  ? weights + (t + 1) * u.strides[0] + p0 * channels * kPanel
                          : p1 < end ? weights + p1 * channels * kPanel
                                     : nullptr;
      for (int64_t panel = p0; panel < p1;) {
        const GemmRow& row = choice.at(p1 - panel);
        m.b = weights + t * u.strides[0] + panel * channels * kPanel;
        m.columns = static_cast<size_t>(row.panels) * kPanel;
        m.next = large ? next : nullptr;
        m.nextRun = static_cast<size_t>((p1 - p0) * channels);
        for (int64_t i = 0; i < split.tiles; i++) {
          m.rows = static_cast<size_t>(split.rows(i));
          m.a = transformed + t * plane + split.start(i) * line;
          m.c = products + t * productPlane + split.start(i) * productLine + (panel - p0) * kPanel;
          const int64_t part = (panel - p0) * split.tiles + i * row.panels, of = (p1 - p0) * split.tiles;
          m.nextLine = static_cast<size_t>((p1 - p0) * channels * part / of);
          m.nextLines = static_cast<size_t>((p1 - p0) * channels * (part + row.panels) / of) - m.nextLine;
          row.fn(m);
        }
        panel += row.panels;
      }
    }
  }
  static constexpr int64_t kLargeWeights = 1 << 20;

  // Aᵀ m A of row i of the products, for `count` panels from `panel` on: the outputs of tile `index`.
  void fromPoints(int64_t index, int64_t i, int64_t panel, int64_t count) {
    const Place at = placeOf(index);
    const int64_t rows = smaller(M, out.dims[1] - at.y), columns = smaller(M, out.dims[2] - at.x);
    const int64_t first = panel * kPanel, n = smaller(count * kPanel, out.dims[3] - first);
    float* to = static_cast<float*>(out.data) + at.n * out.strides[0] + at.y * out.strides[1] +
                at.x * out.strides[2] + first;
    const float* more = residual.data
                            ? static_cast<const float*>(residual.data) + at.n * residual.strides[0] +
                                  at.y * residual.strides[1] + at.x * residual.strides[2] + first
                            : nullptr;
    const float* bias = a.in[kBias].data ? static_cast<const float*>(a.in[kBias].data) + first : nullptr;
    const int64_t width = count * kPanel;
    constexpr int64_t W = F32::N;
    for (int64_t c = 0; c < n; c += W) {
      const size_t lanes = static_cast<size_t>(smaller(W, n - c));
      F32 y[M][M];
      channelsFromPoints(products + i * productLine + c, bias ? load(bias + c, lanes) : set1(0.f), y);
#pragma GCC unroll 4
      for (int r = 0; r < M; r++)
#pragma GCC unroll 4
        for (int q = 0; q < M; q++) {
          if (r >= rows || q >= columns) continue;
          F32 v = y[r][q];
          if (more) v = v + load(more + r * residual.strides[1] + q * residual.strides[2] + c, lanes);
          if (clamp) v = min(set1(p.hi), max(set1(p.lo), v));
          if (a.stages)
            store(tile + (r * M + q) * width + c, v);
          else if (lanes == W)
            store(to + r * out.strides[1] + q * out.strides[2] + c, v);
          else
            store(to + r * out.strides[1] + q * out.strides[2] + c, v, lanes);
        }
    }
    if (a.stages) runTileStages(at, rows, columns, first, n, width, to);
  }
  [[gnu::always_inline]] void channelsFromPoints(const float* from, F32 bias, F32 (&y)[M][M]) const {
    F32 half[N][M];
#pragma GCC unroll 6
    for (int r = 0; r < N; r++) {
      F32 v[N];
#pragma GCC unroll 6
      for (int k = 0; k < N; k++) v[k] = load(from + (r * N + k) * productPlane);
      Filter<M>::output(v, half[r]);
    }
#pragma GCC unroll 6
    for (int k = 0; k < M; k++) {
      F32 v[N], column[M];
#pragma GCC unroll 6
      for (int r = 0; r < N; r++) v[r] = half[r][k];
      Filter<M>::output(v, column);
#pragma GCC unroll 6
      for (int r = 0; r < M; r++) y[r][k] = column[r] + bias;
    }
  }

  void runTileStages(const Place& at, int64_t rows, int64_t columns, int64_t first, int64_t n, int64_t width,
                     float* to) {
    StageOperand operands[kMaxStageOperands];
    const size_t count = a.inCount - kOwnInputs;
    for (int64_t r = 0; r < rows; r++) {
      for (size_t j = 0; j < count; j++) {
        const Operand& o = a.in[kOwnInputs + j];
        operands[j] = {static_cast<const float*>(o.data) + at.n * o.strides[0] + (at.y + r) * o.strides[1] +
                           at.x * o.strides[2] + first * o.strides[3],
                       o.strides[2], o.strides[3]};
      }
      runStages(*a.stages, operands, count, tile + r * M * width, width, columns, n, to + r * out.strides[1],
                out.strides[2], Type::f32, blocks, filled);
    }
  }
};

void run(const StepArgs& a) {
  static_cast<const Params*>(a.params)->m == 4 ? Worker<4>(a).run() : Worker<2>(a).run();
}

const char* check(const StepArgs& a, size_t scratchBytes) {
  if (a.inCount < size_t(kOwnInputs)) return "number of operands";
  const Operand &x = a.in[kX], &u = a.in[kU], &bias = a.in[kBias], &out = a.out[0];
  if (!x.data || !u.data || !out.data || out.type != Type::f32 || out.rank != 4 || x.rank != 4)
    return "operand missing";
  for (int d = 0; d < 4; d++) {
    if (x.dims[d] >= kLimit || out.dims[d] >= kLimit) return "sizes are out of range";
    if (out.dims[d] > 1 && out.strides[d] == 0) return "output repeats";
  }
  for (size_t i = 0; i < a.inCount; i++) {
    const Operand& o = a.in[i];
    if (!o.data && i >= size_t(kOwnInputs)) return "stage operand missing";
    if (o.data && o.type != Type::f32) return "operand is not f32";
    if (!o.data || i == kX || i == kU || i == kBias) continue;
    if (o.rank != 4) return "operand does not fit the output";
    for (int d = 0; d < 4; d++)
      if (o.dims[d] != out.dims[d]) return "operand does not fit the output";
  }
  if (x.dims[0] != out.dims[0]) return "batch";
  if (bias.data &&
      (bias.rank != 1 || bias.dims[0] != out.dims[3] || (bias.dims[0] > 1 && bias.strides[0] != 1)))
    return "bias";
  const Operand* inner[] = {&x, &out, &a.in[kResidual]};
  for (const Operand* o : inner)
    if (o->data && o->dims[3] > 1 && o->strides[3] != 1) return "channels must be contiguous";
  const Params& p = *static_cast<const Params*>(a.params);
  if (const char* wrong = checkWeights(u, p.m, x.dims[3], out.dims[3])) return wrong;
  if (p.padY < 0 || p.padX < 0 || p.padY > 1 << 24 || p.padX > 1 << 24) return "padding";
  if (p.tileBlock < 1 || p.tileBlock > 1 << 20 || p.nBlock < 1 || p.nBlock >= kLimit) return "blocks";
  if (x.dims[3] > 1 << 24) return "too many channels";
  if (speedOf(a.rows, a.rowCount) < 0) return "no gemm rows";
  if (const char* wrong = checkStages(a.stages, a.inCount - kOwnInputs)) return wrong;
  if (Scratch(p, x.dims[3], a.stages, a.inCount - kOwnInputs).end > static_cast<int64_t>(scratchBytes))
    return "scratch is too small";
  const int64_t perImage = ceilDiv(out.dims[1], p.m) * ceilDiv(out.dims[2], p.m);  // below 2^60
  if (perImage > 0 && out.dims[0] > (int64_t(1) << 40) / perImage) return "too many tiles";
  const int64_t blocks = ceilDiv(out.dims[0] * perImage, p.tileBlock),
                parts = ceilDiv(panelsOf(out.dims[3]), p.nBlock);
  if (parts > 0 && blocks > (int64_t(1) << 47) / parts) return "too many items";
  return a.end > static_cast<size_t>(blocks * parts) ? "number of items" : nullptr;
}

}  // namespace

HAIO_TABLE(winograd, {"winograd.f32", "m:i32,padY:i32,padX:i32,tileBlock:i64,nBlock:i64,lo:f32,hi:f32",
                      sizeof(Params), 2, kOwnInputs, 1, run, check, nullptr})

}  // namespace haio::HAIO_ISA::winograd
