// attention: out[b, h, i, :] = Σ_j softmax_j(scale · q[b, h, i]·k[b, h′, j] + mask[b, h, i, j]) · v[b, h′, j,
// :] with h′ = h / (H / K) for K heads of keys and values. Inputs q [B, H, Lq, D], k [B, K, Lk, D], v [B, K,
// Lk, E], mask [B, H, Lq, Lk] or none (any strides); output [B, H, Lq, E]; inner dimensions contiguous.
// `causal`: row i sees keys j ≤ i + Lk − Lq. An item is `rowBlock` rows of one head.
//
// Keys are taken in blocks of keyBlock, so that scratch is bounded, with the running maximum and sum of
// Milakov and Gimelshein, "Online normalizer calculation for softmax" (2018). A block of k and v is
// packed into panels (gemm/panels.h), then tiles of rows run: scores, exponentials, products with v. For
// so few rows that packing costs more than it gains, k and v are read in place.
#include "attention.h"

namespace haio::HAIO_ISA::attention {
namespace {

constexpr int64_t kTileRows = 14;  // rows of a tile of scores
constexpr int64_t kFewRows = 3;    // at most so many rows read k and v in place

// Parts of a worker's scratch, in bytes.
struct Scratch {
  int64_t v, scores, mask, sums, state, end;  // packed keys come first
  Scratch(const Params& p, int64_t d, int64_t e) {
    const int64_t keys = padded(p.keyBlock), rows = padded(p.rowBlock);
    v = keys * d * 4;
    scores = v + keys * padded(e) * 4;
    mask = scores + kTileRows * (keys + kPanel) * 4;
    sums = mask + keys * 4;
    state = sums + rows * padded(e) * 4;
    end = state + 2 * rows * 4;
  }
};

struct Worker : Rows {
  float *keys, *values, *scores;
  int64_t packed = -1;  // which head of keys and values is packed, where one block holds it all

  explicit Worker(const StepArgs& s) : Rows(s) {
    const Scratch at(p, d, e);
    char* base = static_cast<char*>(s.scratch);
    keys = reinterpret_cast<float*>(base);
    values = reinterpret_cast<float*>(base + at.v);
    scores = reinterpret_cast<float*>(base + at.scores);
    maskRow = reinterpret_cast<float*>(base + at.mask);
    sums = reinterpret_cast<float*>(base + at.sums);
    most = reinterpret_cast<float*>(base + at.state);
    total = most + padded(p.rowBlock);
  }
  int64_t scoreStride() const { return padded(p.keyBlock) + kPanel; }

  void packKeys(const float* from, int64_t n) {
    constexpr int64_t N = F32::N;
    const int64_t step = k.strides[2];
    for (int64_t j = 0; j < n; j += N) {
      float* panel = keys + j / kPanel * d * kPanel + j % kPanel;
      for (int64_t c = 0; c < d; c += N) {
        const int64_t width = smaller(N, d - c);
        F32 rows[N];
        for (int64_t i = 0; i < N; i++)
          rows[i] = j + i < n ? load(from + (j + i) * step + c, static_cast<size_t>(width)) : set1(0.f);
        transpose(rows);
        for (int64_t i = 0; i < width; i++) store(panel + (c + i) * kPanel, rows[i]);
      }
    }
    // the last panel may have less than one vector of keys
    for (int64_t j = ceilDiv(n, N) * N; j < padded(n); j += N)
      for (int64_t c = 0; c < d; c++) store(keys + (j / kPanel * d + c) * kPanel + j % kPanel, set1(0.f));
  }

  void packValues(const float* from, int64_t n) {
    constexpr int64_t N = F32::N;
    const int64_t step = v.strides[2];
    for (int64_t j = 0; j < n; j++)
      for (int64_t c = 0; c < padded(e); c += N) {
        const int64_t width = larger(0, smaller(N, e - c));
        store(values + (c / kPanel * n + j) * kPanel + c % kPanel,
              load(from + j * step + smaller(c, e), static_cast<size_t>(width)));
      }
  }

  // Exponentials in place, 0 from `limit` up to n.
  void weighed(float* s, int64_t limit, int64_t n, const float* bias, int64_t row) {
    weigh(s, limit, bias, row, [s](int64_t j, F32 x, size_t lanes) {
      lanes == F32::N ? store(s + j, x) : store(s + j, x, lanes);
    });
    fill(s + limit, static_cast<size_t>(n - limit), 0.f);
  }

  static void multiply(const Choice& c, const MicroArgs& base, const float* b, int64_t lines, int64_t panels,
                       int64_t columns, float* to) {
    MicroArgs m = base;
    for (int64_t panel = 0; panel < panels;) {
      const GemmRow& row = c.at(panels - panel);
      m.b = b + panel * lines * kPanel;
      m.panelStride = lines * kPanel;
      m.c = to + panel * kPanel;
      m.columns = static_cast<size_t>(smaller(row.panels * kPanel, columns - panel * kPanel));
      m.addend = base.addend ? m.c : nullptr;
      row.fn(m);
      panel += row.panels;
    }
  }

  // Rows i0…i0+rows−1 (counted from row `first` in `sums`) against keys j0…j0+n−1, which are packed.
  void tile(int64_t b, int64_t h, int64_t i0, int64_t rows, int64_t first, int64_t j0, int64_t n) {
    const float* from =
        static_cast<const float*>(q.data) + b * q.strides[0] + h * q.strides[1] + i0 * q.strides[2];
    const ptrdiff_t none = 0;
    MicroArgs m = {};
    m.taps = &none;
    m.tapCount = 1;
    const Choice forScores = choose(a.rows, a.rowCount, rows, panelsOf(n));
    const EvenTiles cut(rows, forScores.mr);
    m.rowStride = q.strides[2];
    m.kPerTap = static_cast<size_t>(d);
    m.cStride = scoreStride();
    for (int64_t t = 0; t < cut.tiles; t++) {
      m.a = from + cut.start(t) * q.strides[2];
      m.rows = static_cast<size_t>(cut.rows(t));
      multiply(forScores, m, keys, d, panelsOf(n), n, scores + cut.start(t) * scoreStride());
    }
    for (int64_t r = 0; r < rows; r++) {
      const int64_t limit = larger(0, smaller(n, seen(i0 + r) - j0));
      weighed(scores + r * scoreStride(), limit, n, maskOf(b, h, i0 + r, j0, limit), first + r);
    }
    const Choice forSums = choose(a.rows, a.rowCount, rows, panelsOf(e));
    const EvenTiles again(rows, forSums.mr);
    m.rowStride = scoreStride();
    m.kPerTap = static_cast<size_t>(n);
    m.cStride = padded(e);
    m.addend = sums;  // any: multiply adds to where it writes
    m.addendStride = padded(e);
    for (int64_t t = 0; t < again.tiles; t++) {
      m.a = scores + again.start(t) * scoreStride();
      m.rows = static_cast<size_t>(again.rows(t));
      multiply(forSums, m, values, n, panelsOf(e), padded(e), sums + (first + again.start(t)) * padded(e));
    }
  }

  // One row against keys from…, values in place.
  void single(int64_t b, int64_t h, int64_t i, int64_t row, const float* ks, const float* vs, int64_t j0,
              int64_t n) {
    constexpr int64_t N = F32::N;
    const float* x =
        static_cast<const float*>(q.data) + b * q.strides[0] + h * q.strides[1] + i * q.strides[2];
    const int64_t limit = larger(0, smaller(n, seen(i) - j0)), kStep = k.strides[2], vStep = v.strides[2];
    for (int64_t j = 0; j < limit; j += 4) {
      F32 acc[4] = {set1(0.f), set1(0.f), set1(0.f), set1(0.f)};
      const float* at[4];
      for (int t = 0; t < 4; t++) at[t] = ks + smaller(j + t, limit - 1) * kStep;
      for (int64_t c = 0; c < d; c += N) {
        const size_t width = static_cast<size_t>(smaller(N, d - c));
        const F32 y = load(x + c, width);
        for (int t = 0; t < 4; t++) acc[t] = fma(y, load(at[t] + c, width), acc[t]);
      }
      for (int t = 0; t < 4 && j + t < limit; t++) scores[j + t] = reduceAdd(acc[t]);
    }
    weighed(scores, limit, n, maskOf(b, h, i, j0, limit), row);
    float* to = sums + row * padded(e);
    for (int64_t c = 0; c < e; c += N) {
      const size_t width = static_cast<size_t>(smaller(N, e - c));
      F32 acc[2] = {load(to + c), set1(0.f)};
      int64_t j = 0;
      for (; j + 2 <= limit; j += 2)
        for (int t = 0; t < 2; t++)
          acc[t] = fma(set1(scores[j + t]), load(vs + (j + t) * vStep + c, width), acc[t]);
      if (j < limit) acc[0] = fma(set1(scores[j]), load(vs + j * vStep + c, width), acc[0]);
      store(to + c, acc[0] + acc[1]);
    }
  }

  void item(int64_t index) {
    const int64_t blocks = ceilDiv(lq, p.rowBlock), head = index / blocks;
    const int64_t b = head / heads, h = head % heads, kv = h / share;
    const int64_t i0 = index % blocks * p.rowBlock, rows = smaller(p.rowBlock, lq - i0);
    const float* ks = static_cast<const float*>(k.data) + b * k.strides[0] + kv * k.strides[1];
    const float* vs = static_cast<const float*>(v.data) + b * v.strides[0] + kv * v.strides[1];
    fill(sums, static_cast<size_t>(rows * padded(e)), 0.f);
    for (int64_t r = 0; r < rows; r++) most[r] = -kInf, total[r] = 0.f;
    const int64_t end = seen(i0 + rows - 1);
    for (int64_t j = 0; j < end; j += p.keyBlock) {
      const int64_t n = smaller(p.keyBlock, lk - j);
      if (lq <= kFewRows) {
        for (int64_t r = 0; r < rows; r++)
          single(b, h, i0 + r, r, ks + j * k.strides[2], vs + j * v.strides[2], j, n);
        continue;
      }
      const int64_t which = b * k.dims[1] + kv;
      if (lk > p.keyBlock || packed != which) {
        packKeys(ks + j * k.strides[2], n);
        packValues(vs + j * v.strides[2], n);
        packed = which;
      }
      const EvenTiles cut(rows, kTileRows);
      for (int64_t t = 0; t < cut.tiles; t++) tile(b, h, i0 + cut.start(t), cut.rows(t), cut.start(t), j, n);
    }
    for (int64_t r = 0; r < rows; r++) {
      float* to =
          static_cast<float*>(out.data) + b * out.strides[0] + h * out.strides[1] + (i0 + r) * out.strides[2];
      const F32 one = set1(1.f / total[r]);
      map(sums + r * padded(e), to, static_cast<size_t>(e), [&](F32 x) { return x * one; });
    }
  }
};

void run(const StepArgs& a) {
  Worker w(a);
  for (size_t i = a.begin; i < a.end; i++) w.item(static_cast<int64_t>(i));
}

const char* check(const StepArgs& a, size_t scratchBytes) {
  if (const char* wrong = checkAttention(a, Type::f32)) return wrong;
  if (gemm::speedOf(a.rows, a.rowCount) < 0) return "no gemm rows";
  const Scratch at(*static_cast<const Params*>(a.params), a.in[kK].dims[3], a.in[kV].dims[3]);
  return at.end > static_cast<int64_t>(scratchBytes) ? "scratch is too small" : nullptr;
}

}  // namespace

HAIO_TABLE(attention, {"attention.f32", kSignature, sizeof(Params), 3, 4, 1, run, check, nullptr})

}  // namespace haio::HAIO_ISA::attention
