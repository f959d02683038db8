// attention: out[b, h, i, :] = Σ_j softmax_j(scale · q[b, h, i]·k[b, h′, j] + mask[b, h, i, j]) · v[b, h′, j,
// :] with h′ = h / (H / K) for K heads of keys and values. Inputs q [B, H, Lq, D], k [B, K, Lk, D], v [B, K,
// Lk, E], mask [B, H, Lq, Lk] or none (any strides); output [B, H, Lq, E]; inner dimensions contiguous.
// `causal`: row i sees keys j ≤ i + Lk − Lq. An item is `rowBlock` rows of one head.
//
// Keys are taken in blocks of keyBlock, so that scratch is bounded, with the running maximum and sum of
// Milakov and Gimelshein, "Online normalizer calculation for softmax" (2018). A block of k and v is
// packed into panels (gemm/panels.h), then tiles of rows run: scores, exponentials, products with v. For
// so few rows that packing costs more than it gains, k and v are read in place.
#include "gemm/rows.h"
#include "simd/loops.h"
#include "simd/math.h"

namespace haio::HAIO_ISA::attention {
namespace {
using gemm::Choice, gemm::ceilDiv, gemm::choose, gemm::kPanel, gemm::larger, gemm::panelsOf, gemm::smaller,
    gemm::EvenTiles;

struct Params {
  float scale;
  int32_t causal;
  int64_t rowBlock, keyBlock;
};
constexpr int kQ = 0, kK = 1, kV = 2, kMask = 3;
constexpr int64_t kTileRows = 14;  // rows of a tile of scores
constexpr int64_t kFewRows = 3;    // at most so many rows read k and v in place

inline int64_t padded(int64_t n) { return panelsOf(n) * kPanel; }

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

struct Worker {
  const StepArgs& a;
  const Params& p;
  const Operand &q, &k, &v, &mask, &out;
  const int64_t heads, share, lq, lk, d, e;
  float *keys, *values, *scores, *maskRow, *sums, *most, *total;
  int64_t packed = -1;  // which head of keys and values is packed, where one block holds it all

  explicit Worker(const StepArgs& s)
      : a(s),
        p(*static_cast<const Params*>(s.params)),
        q(s.in[kQ]),
        k(s.in[kK]),
        v(s.in[kV]),
        mask(s.in[kMask]),
        out(s.out[0]),
        heads(q.dims[1]),
        share(heads / k.dims[1]),
        lq(q.dims[2]),
        lk(k.dims[2]),
        d(q.dims[3]),
        e(v.dims[3]) {
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

  // Keys that row i sees.
  int64_t seen(int64_t i) const { return p.causal ? larger(0, smaller(lk, i + 1 + lk - lq)) : lk; }

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

  // x[j] = scale · s[j] + bias[j] of a row, for `lanes` keys from j on.
  template <bool kWhole>
  [[gnu::always_inline]] F32 score(const float* s, const float* bias, int64_t j, size_t lanes) const {
    const F32 x = kWhole ? load(s + j) : load(s + j, lanes);
    if (!bias) return x * set1(p.scale);
    return fma(x, set1(p.scale), kWhole ? load(bias + j) : load(bias + j, lanes));
  }

  // Row i of a head: scores of n keys from key j0 on, of which it sees the first `limit`, become
  // exponentials (0 from there up to n), and the row's sums so far are rescaled to the new maximum.
  void weigh(float* s, int64_t limit, int64_t n, const float* bias, int64_t row) {
    constexpr int64_t N = F32::N;
    const size_t rest = static_cast<size_t>(limit % N);
    const int64_t whole = limit - limit % N;
    F32 tops[2] = {set1(-kInf), set1(-kInf)};
    int64_t j = 0;
    for (; j + 2 * N <= whole; j += 2 * N)
      for (int t = 0; t < 2; t++) tops[t] = max(tops[t], score<true>(s, bias, j + t * N, N));
    for (; j < whole; j += N) tops[0] = max(tops[0], score<true>(s, bias, j, N));
    if (rest) tops[1] = max(tops[1], select(firstN(rest), score<false>(s, bias, whole, rest), set1(-kInf)));
    const float before = most[row], top = reduceMax(max(tops[0], tops[1]));
    const float now = before > top ? before : top;
    most[row] = now;
    const F32 zero = set1(now == -kInf ? 0.f : now);
    F32 sum = set1(0.f);
    for (j = 0; j < whole; j += N) {
      const F32 x = expOfNegative(score<true>(s, bias, j, N) - zero);
      sum = sum + x;
      store(s + j, x);
    }
    if (rest) {
      const F32 x = select(firstN(rest), expOfNegative(score<false>(s, bias, whole, rest) - zero), set1(0.f));
      sum = sum + x;
      store(s + whole, x, rest);
    }
    fill(s + limit, static_cast<size_t>(n - limit), 0.f);
    if (before != now && before != -kInf) {
      float correction[N];
      store(correction, expOfNegative(set1(before) - zero));
      total[row] *= correction[0];
      float* acc = sums + row * padded(e);
      map(acc, acc, static_cast<size_t>(padded(e)), [&](F32 x) { return x * correction[0]; });
    }
    total[row] += reduceAdd(sum);
  }

  // n values of the mask of (b, h, i) from key j on, or null.
  const float* maskOf(int64_t b, int64_t h, int64_t i, int64_t j, int64_t n) {
    if (!mask.data) return nullptr;
    const int64_t step = mask.strides[3];
    const float* from = static_cast<const float*>(mask.data) + b * mask.strides[0] + h * mask.strides[1] +
                        i * mask.strides[2] + j * step;
    if (step == 1) return from;
    for (int64_t x = 0; x < n; x++) maskRow[x] = from[x * step];
    return maskRow;
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
      weigh(scores + r * scoreStride(), limit, n, maskOf(b, h, i0 + r, j0, limit), first + r);
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
    weigh(scores, limit, n, maskOf(b, h, i, j0, limit), row);
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
  const Operand &q = a.in[kQ], &k = a.in[kK], &v = a.in[kV], &mask = a.in[kMask], &out = a.out[0];
  const Operand* all[] = {&q, &k, &v, &out, &mask};
  for (const Operand* o : all) {
    if (!o->data && o != &mask) return "operand missing";
    if (!o->data) continue;
    if (o->type != Type::f32 || o->rank != 4) return "operands must be f32 of rank 4";
    for (int i = 0; i < 4; i++)
      if (o->dims[i] > INT32_MAX) return "sizes are out of range";
    if (o != &mask && o->dims[3] > 1 && o->strides[3] != 1) return "inner dimension is not contiguous";
  }
  for (int i = 0; i < 3; i++) {
    if (out.dims[i] != q.dims[i]) return "dims of q and output differ";
    if (v.dims[i] != k.dims[i]) return "dims of k and v differ";
    if (mask.data && mask.dims[i] != q.dims[i]) return "mask";
  }
  if (k.dims[0] != q.dims[0] || k.dims[3] != q.dims[3] || out.dims[3] != v.dims[3]) return "dims do not fit";
  if (mask.data && mask.dims[3] != k.dims[2]) return "mask";
  if (k.dims[1] < 1 || q.dims[1] % k.dims[1] != 0) return "heads";
  for (int i = 0; i < 4; i++)
    if (out.dims[i] > 1 && out.strides[i] == 0) return "output repeats";
  const Params& p = *static_cast<const Params*>(a.params);
  constexpr int64_t most = int64_t(1) << 24;
  if (p.rowBlock < 1 || p.rowBlock > most || p.keyBlock < 1 || p.keyBlock > most) return "blocks";
  if (k.dims[3] > most || v.dims[3] > most) return "sizes are out of range";
  if (gemm::speedOf(a.rows, a.rowCount) < 0) return "no gemm rows";
  if (Scratch(p, k.dims[3], v.dims[3]).end > static_cast<int64_t>(scratchBytes))
    return "scratch is too small";
  // three factors below 2^31: the first two cannot overflow
  const int64_t heads = q.dims[0] * q.dims[1], blocks = ceilDiv(q.dims[2], p.rowBlock);
  if (blocks > 0 && heads > (int64_t(1) << 47) / blocks) return "too many items";
  return a.end > static_cast<size_t>(heads * blocks) ? "number of items" : nullptr;
}

}  // namespace

HAIO_TABLE(attention, {"attention.f32", "scale:f32,causal:i32,rowBlock:i64,keyBlock:i64", sizeof(Params), 3,
                       4, 1, run, check, nullptr})

}  // namespace haio::HAIO_ISA::attention
