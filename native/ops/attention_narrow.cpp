// attention.bf16: attention (attention.cpp) with q, k, v rounded to bfloat16, and so the exponentials that
// weigh the values; scores, sums and the softmax are f32. q, k, v and the output are bf16 or f32 each, the
// mask f32. An item is `rowBlock` rows of one head.
//
// A block of keys is packed as pairs of its elements, a block of values as pairs of keys, both into the
// panels of gemm/narrow_panels.h.
#include "attention.h"
#include "gemm/narrow_shape.h"
#include "simd/convert.h"

namespace haio::HAIO_ISA::attention_narrow {
namespace {
using namespace attention;
using gemm::Bf16, gemm::narrowCopyStride;

constexpr int64_t kTileRows = 32, kStep = Bf16::kStep;

inline int64_t whole(int64_t k) { return gemm::paddedK<Bf16>(k); }

// Parts of a worker's scratch, in bytes; SCRATCH of lib/ops/attention.ts.
struct Scratch {
  int64_t v, scores, weights, queries, row, mask, sums, most, end;  // packed keys come first
  Scratch(const Params& p, int64_t d, int64_t e) {
    const int64_t keys = whole(p.keyBlock), rows = padded(p.rowBlock), wide = whole(d), columns = whole(e);
    v = keys * wide * 2;
    scores = v + keys * columns * 2;
    weights = scores + kTileRows * (keys + kPanel) * 4;
    queries = weights + kTileRows * narrowCopyStride(keys, kStep) * 2;
    row = queries + kTileRows * narrowCopyStride(wide, kStep) * 2;
    mask = row + kPanel * larger(wide, columns) * 2;
    sums = mask + keys * 4;
    most = sums + rows * columns * 4;
    end = most + 2 * rows * 4 + 64;
  }
};

struct Worker : Rows {
  uint16_t *keys, *values, *weights, *queries, *few;
  float* scores;
  char* state;
  const int64_t wide, columns;  // d in whole steps, e in whole panels
  int64_t packed = -1;          // which head of keys and values is packed, where one block holds it all
  const GemmRow* used = nullptr;

  explicit Worker(const StepArgs& s) : Rows(s), wide(whole(d)), columns(padded(e)) {
    const Scratch at(p, d, e);
    char* base = static_cast<char*>(s.scratch);
    keys = reinterpret_cast<uint16_t*>(base);
    values = reinterpret_cast<uint16_t*>(base + at.v);
    scores = reinterpret_cast<float*>(base + at.scores);
    weights = reinterpret_cast<uint16_t*>(base + at.weights);
    queries = reinterpret_cast<uint16_t*>(base + at.queries);
    few = reinterpret_cast<uint16_t*>(base + at.row);
    maskRow = reinterpret_cast<float*>(base + at.mask);
    sums = reinterpret_cast<float*>(base + at.sums);
    most = reinterpret_cast<float*>(base + at.most);
    total = most + padded(p.rowBlock);
    state = reinterpret_cast<char*>(total + padded(p.rowBlock));
    memset(state, 0, 64);
  }
  int64_t scoreStride() const { return whole(p.keyBlock) + kPanel; }
  int64_t weightStride() const { return narrowCopyStride(whole(p.keyBlock), kStep); }

  static const char* at(const Operand& o, int64_t offset) {
    return static_cast<const char*>(o.data) + offset * static_cast<int64_t>(widthOf(o.type));
  }
  // n elements as bf16, zeros behind them up to `room`: where they lie, or in `to`.
  static const uint16_t* row(const Operand& o, int64_t offset, int64_t n, int64_t room, uint16_t* to) {
    const char* from = at(o, offset);
    if (o.type == Type::bf16) {
      if (n == room) return reinterpret_cast<const uint16_t*>(from);
      memcpy(to, from, static_cast<size_t>(n) * 2);
    } else {
      storeBlock(Type::bf16, reinterpret_cast<const float*>(from), static_cast<size_t>(n), to);
    }
    memset(to + n, 0, static_cast<size_t>(room - n) * 2);
    return to;
  }

  // Panels of keys: line i has elements 2i and 2i+1 of 16 keys.
  void packKeys(int64_t from, int64_t n) {
    constexpr int64_t N = F32::N;
    const int64_t pairs = wide / 2;
    for (int64_t j = 0; j < padded(n); j += N) {
      float* panel = reinterpret_cast<float*>(keys) + j / kPanel * pairs * kPanel + j % kPanel;
      const float* at[N];
      for (int64_t i = 0; i < N && j + i < n; i++)
        at[i] = reinterpret_cast<const float*>(row(k, from + (j + i) * k.strides[2], d, wide, few + i * wide));
      for (int64_t c = 0; c < pairs; c += N) {
        F32 rows[N];
        for (int64_t i = 0; i < N; i++) rows[i] = j + i < n ? load(at[i] + c) : set1(0.f);
        transpose(rows);
        for (int64_t i = 0; i < N; i++) store(panel + (c + i) * kPanel, rows[i]);
      }
    }
  }

  // Panels of values: line i has keys 2i and 2i+1 of 16 columns.
  void packValues(int64_t from, int64_t n) {
    constexpr int64_t N = F32::N;
    const int64_t pairs = whole(n) / 2;
    for (int64_t j = 0; j < pairs; j++) {
      const uint16_t* at[2];
      for (int64_t i = 0; i < 2; i++) {
        uint16_t* to = few + i * columns;
        if (2 * j + i < n) at[i] = row(v, from + (2 * j + i) * v.strides[2], e, columns, to);
        else memset(to, 0, static_cast<size_t>(columns) * 2), at[i] = to;
      }
      int32_t* line = reinterpret_cast<int32_t*>(values) + j * kPanel;
      for (int64_t c = 0; c < columns; c += N)
        store(line + c / kPanel * pairs * kPanel + c % kPanel, loadU16(at[0] + c) | shl<16>(loadU16(at[1] + c)));
    }
  }

  // Rows of a, `k` long and in whole steps, times `panels` panels; added to what `to` holds where `adds`.
  void multiply(const uint16_t* from, int64_t stride, int64_t rows, int64_t k, const uint16_t* b, int64_t panels,
                float* to, int64_t toStride, bool adds) {
    const ptrdiff_t none = 0;
    const Choice choice = choose(a.rows, a.rowCount, rows, panels, Type::bf16, Type::bf16);
    const EvenTiles cut(rows, choice.mr);
    MicroArgs m = {};
    m.taps = &none;
    m.tapCount = 1;
    m.kPerTap = static_cast<size_t>(k);
    m.rowStride = stride;
    m.panelStride = k * kPanel;
    m.cStride = toStride;
    m.state = state;
    for (int64_t t = 0; t < cut.tiles; t++)
      for (int64_t panel = 0; panel < panels;) {
        const GemmRow& kernel = choice.at(panels - panel);
        m.a = from + cut.start(t) * stride;
        m.rows = static_cast<size_t>(cut.rows(t));
        m.b = b + panel * k * kPanel;
        m.c = to + cut.start(t) * toStride + panel * kPanel;
        m.addend = adds ? m.c : nullptr;
        kernel.fn(m);
        panel += kernel.panels;
        used = &kernel;
      }
  }

  // Rows i0…i0+rows−1 (counted from row `first` in `sums`) against keys j0…j0+n−1, which are packed.
  void tile(int64_t b, int64_t h, int64_t i0, int64_t rows, int64_t first, int64_t j0, int64_t n) {
    const int64_t from = b * q.strides[0] + h * q.strides[1] + i0 * q.strides[2];
    const uint16_t* x = reinterpret_cast<const uint16_t*>(at(q, from));
    int64_t stride = q.strides[2];
    if (q.type != Type::bf16 || d != wide) {
      stride = narrowCopyStride(wide, kStep);
      for (int64_t r = 0; r < rows; r++) {
        uint16_t* to = queries + r * stride;
        const uint16_t* found = row(q, from + r * q.strides[2], d, wide, to);
        if (found != to) memcpy(to, found, static_cast<size_t>(wide) * 2);
      }
      x = queries;
    }
    multiply(x, stride, rows, wide, keys, panelsOf(n), scores, scoreStride(), false);
    for (int64_t r = 0; r < rows; r++) {
      const int64_t limit = larger(0, smaller(n, seen(i0 + r) - j0));
      uint16_t* to = weights + r * weightStride();
      weigh(scores + r * scoreStride(), limit, maskOf(b, h, i0 + r, j0, limit), first + r,
            [to](int64_t j, F32 y, size_t) { storeBf16(to + j, y); });
      memset(to + limit, 0, static_cast<size_t>(whole(n) - limit) * 2);
    }
    multiply(weights, weightStride(), rows, whole(n), values, columns / kPanel, sums + first * columns, columns, true);
  }

  void item(int64_t index) {
    const int64_t blocks = ceilDiv(lq, p.rowBlock), head = index / blocks;
    const int64_t b = head / heads, h = head % heads, kv = h / share;
    const int64_t i0 = index % blocks * p.rowBlock, rows = smaller(p.rowBlock, lq - i0);
    fill(sums, static_cast<size_t>(rows * columns), 0.f);
    for (int64_t r = 0; r < rows; r++) most[r] = -kInf, total[r] = 0.f;
    const int64_t end = seen(i0 + rows - 1);
    for (int64_t j = 0; j < end; j += p.keyBlock) {
      const int64_t n = smaller(p.keyBlock, lk - j), which = b * k.dims[1] + kv;
      if (lk > p.keyBlock || packed != which) {
        packKeys(b * k.strides[0] + kv * k.strides[1] + j * k.strides[2], n);
        packValues(b * v.strides[0] + kv * v.strides[1] + j * v.strides[2], n);
        packed = which;
      }
      const EvenTiles cut(rows, kTileRows);
      for (int64_t t = 0; t < cut.tiles; t++) tile(b, h, i0 + cut.start(t), cut.rows(t), cut.start(t), j, n);
    }
    for (int64_t r = 0; r < rows; r++) {
      char* to = const_cast<char*>(at(out, b * out.strides[0] + h * out.strides[1] + (i0 + r) * out.strides[2]));
      const F32 one = set1(1.f / total[r]);
      float* from = sums + r * columns;
      map(from, from, static_cast<size_t>(columns), [&](F32 x) { return x * one; });
      storeBlock(out.type, from, static_cast<size_t>(e), to);
    }
  }
};

void run(const StepArgs& a) {
  Worker w(a);
  for (size_t i = a.begin; i < a.end; i++) w.item(static_cast<int64_t>(i));
  if (w.used && w.used->end) w.used->end();
}

const char* check(const StepArgs& a, size_t scratchBytes) {
  if (const char* wrong = checkAttention(a, Type::bf16)) return wrong;
  if (gemm::speedOf(a.rows, a.rowCount, Type::bf16, Type::bf16) < 0) return "no gemm rows";
  const Scratch at(*static_cast<const Params*>(a.params), a.in[kK].dims[3], a.in[kV].dims[3]);
  return at.end > static_cast<int64_t>(scratchBytes) ? "scratch is too small" : nullptr;
}

}  // namespace

HAIO_TABLE(attention_narrow, {"attention.bf16", kSignature, sizeof(Params), 3, 4, 1, run, check, nullptr})

}  // namespace haio::HAIO_ISA::attention_narrow
