// mat_mul_n_bits: y[m, n] = bias[n] + Σ_k x[m, k] · (q[n, k] − zero[n, b]) · scale[n, b], where b is the block
// of `block` elements that k lies in. Inputs x [M, K], q [N, bytes] with `bits` bits (2, 4 or 8) for each
// element, the first one of a byte in its low bits, blocks whole; scale [N, blocks]; zero [N, blocks] or
// none: 2^(bits − 1); bias [N] or none. Output y [M, N]. Inner dimensions are contiguous. The weights are
// never widened as a whole.
//
// Few rows: q is widened in registers and multiplied with x at once. Elements of a byte go to different
// vectors; the same order is given to x in scratch. Zero points are taken from Σ x of each block. More
// rows: some panels of columns (gemm/panels.h) are widened into scratch for a part of K, for all rows.
// An item is kColumns columns.
#include "gemm/rows.h"
#include "simd/loops.h"

namespace haio::HAIO_ISA::mat_mul_n_bits {
namespace {
using namespace gemm;

struct Params {
  int32_t bits;
  int64_t block;
};
constexpr int kX = 0, kQ = 1, kScale = 2, kZero = 3, kBias = 4;
constexpr int64_t kColumns = 32;  // of an item
constexpr int64_t kFew = 4;       // at most so many rows are multiplied without widening
constexpr int64_t kLines = 256;   // of widened panels at once, about
constexpr int64_t kSide = 2;      // columns whose sums run side by side

struct Sizes {
  int64_t rows, k, n, block, blocks, bytes, chunks, streams, padded, lines;
  explicit Sizes(const StepArgs& a) {
    const Params& p = *static_cast<const Params*>(a.params);
    constexpr int64_t N = F32::N;
    rows = a.in[kX].dims[0];
    k = a.in[kX].dims[1];
    n = a.out[0].dims[1];
    block = p.block;
    blocks = ceilDiv(k, block);
    bytes = block * p.bits / 8;
    chunks = ceilDiv(bytes, N);
    streams = 8 / p.bits;
    padded = blocks * chunks * streams * N;  // of a row of x in the order of the vectors
    lines = larger(1, kLines / block) * block;
  }
  // floats
  int64_t sums() const { return kFew * padded; }
  int64_t scratch() const { return larger(sums() + kFew * blocks, kColumns * lines); }
};

// Chunk c of a block: element s of byte j is in lane j of q[s]; bytes behind the block are 0.
template <int kBits>
[[gnu::always_inline]] inline void widen(const uint8_t* from, int64_t c, int64_t bytes, F32 (&q)[8 / kBits]) {
  constexpr int64_t N = F32::N;
  uint8_t part[N];
  const uint8_t* at = from + c * N;
  if (bytes - c * N < N) {
    for (int64_t j = 0; j < N; j++) part[j] = c * N + j < bytes ? at[j] : 0;
    at = part;
  }
  const I32 x = loadU8(at);
  if constexpr (kBits == 8) {
    q[0] = toF32(x);
  } else if constexpr (kBits == 4) {
    q[0] = toF32(x & set1(15));
    q[1] = toF32(shr<4>(x));
  } else {
    q[0] = toF32(x & set1(3));
    q[1] = toF32(shr<2>(x) & set1(3));
    q[2] = toF32(shr<4>(x) & set1(3));
    q[3] = toF32(shr<6>(x));
  }
}

template <int kBits>
struct Worker {
  static constexpr int64_t N = F32::N, kStreams = 8 / kBits;
  const StepArgs& a;
  const Sizes s;
  const Operand &x, &q, &scale, &zero, &bias, &out;
  float *ordered, *sums, *panels;

  explicit Worker(const StepArgs& args)
      : a(args), s(args), x(a.in[kX]), q(a.in[kQ]), scale(a.in[kScale]), zero(a.in[kZero]), bias(a.in[kBias]),
        out(a.out[0]) {
    ordered = panels = static_cast<float*>(a.scratch);
    sums = ordered + s.sums();
  }
  static const float* row(const Operand& o, int64_t i) {
    return static_cast<const float*>(o.data) + i * o.strides[0];
  }
  const uint8_t* bytesOf(int64_t n, int64_t b) const {
    return static_cast<const uint8_t*>(q.data) + n * q.strides[0] + b * s.bytes;
  }
  float zeroAt(int64_t n, int64_t b) const {
    return zero.data ? row(zero, n)[b] : static_cast<float>(1 << (kBits - 1));
  }
  float biasAt(int64_t n) const { return bias.data ? static_cast<const float*>(bias.data)[n] : 0.f; }

  // x in the order of the vectors of `widen`, 0 behind K, and the sums of its blocks.
  void order() {
    for (int64_t m = 0; m < s.rows; m++) {
      const float* from = row(x, m);
      float* to = ordered + m * s.padded;
      for (int64_t b = 0; b < s.blocks; b++) {
        const int64_t first = b * s.block, count = smaller(s.block, s.k - first);
        float sum = 0.f;
        for (int64_t c = 0; c < s.chunks; c++)
          for (int64_t t = 0; t < kStreams; t++)
            for (int64_t j = 0; j < N; j++) {
              const int64_t i = (c * N + j) * kStreams + t;
              *to++ = i < count ? from[first + i] : 0.f;
            }
        for (int64_t i = 0; i < count; i++) sum += from[first + i];
        sums[m * s.blocks + b] = sum;
      }
    }
  }

  // Σ of kSide columns from n on with kRows rows.
  template <int kRows>
  void few(int64_t n) {
    const int64_t side = smaller(kSide, s.n - n);
    F32 acc[kRows][kSide];
    float fixed[kRows][kSide];
    for (int m = 0; m < kRows; m++)
      for (int t = 0; t < kSide; t++) acc[m][t] = set1(0.f), fixed[m][t] = 0.f;
    for (int64_t b = 0; b < s.blocks; b++)
      for (int64_t t = 0; t < kSide; t++) {
        const int64_t column = n + smaller(t, side - 1);
        const uint8_t* from = bytesOf(column, b);
        const float* with = ordered + b * s.chunks * kStreams * N;
        F32 part[kRows];
        for (int m = 0; m < kRows; m++) part[m] = set1(0.f);
        for (int64_t c = 0; c < s.chunks; c++) {
          F32 w[kStreams];
          widen<kBits>(from, c, s.bytes, w);
          for (int m = 0; m < kRows; m++)
            for (int64_t i = 0; i < kStreams; i++)
              part[m] = fma(w[i], load(with + m * s.padded + (c * kStreams + i) * N), part[m]);
        }
        const float by = row(scale, column)[b], off = by * zeroAt(column, b);
        for (int m = 0; m < kRows; m++) {
          acc[m][t] = fma(part[m], set1(by), acc[m][t]);
          fixed[m][t] += off * sums[m * s.blocks + b];
        }
      }
    for (int m = 0; m < kRows; m++)
      for (int64_t t = 0; t < side; t++)
        const_cast<float*>(row(out, m))[n + t] = reduceAdd(acc[m][t]) - fixed[m][t] + biasAt(n + t);
  }

  // Lines k0…k1−1 of the panel of columns from n on; k0 begins a block.
  void panel(float* to, int64_t n, int64_t k0, int64_t k1) {
    for (int64_t j = 0; j < kPanel; j += N)
      for (int64_t b = k0 / s.block; b * s.block < k1; b++)
        for (int64_t c = 0; c < s.chunks; c++) {
          F32 lines[kStreams][N];
          for (int64_t i = 0; i < N; i++) {
            F32 w[kStreams];
            const int64_t column = n + j + i;
            const bool there = column < s.n;
            if (there) widen<kBits>(bytesOf(column, b), c, s.bytes, w);
            const float by = there ? row(scale, column)[b] : 0.f, off = there ? zeroAt(column, b) : 0.f;
            for (int64_t t = 0; t < kStreams; t++)
              lines[t][i] = there ? (w[t] - set1(off)) * set1(by) : set1(0.f);
          }
          for (int64_t t = 0; t < kStreams; t++) {
            transpose(lines[t]);
            for (int64_t i = 0; i < N; i++) {
              const int64_t at = (c * N + i) * kStreams + t, line = b * s.block + at;
              if (at < s.block && line < k1) store(to + (line - k0) * kPanel + j, lines[t][i]);
            }
          }
        }
  }

  void many(int64_t n, int64_t columns) {
    const int64_t count = panelsOf(columns);
    const Choice choice = choose(a.rows, a.rowCount, s.rows, count);
    const EvenTiles cut(s.rows, choice.mr);
    const ptrdiff_t none = 0;
    MicroArgs m = {};
    m.taps = &none;
    m.tapCount = 1;
    m.rowStride = x.strides[0];
    m.cStride = out.strides[0];
    for (int64_t k0 = 0; k0 < larger(s.k, 1); k0 += s.lines) {
      const int64_t k1 = smaller(s.k, k0 + s.lines), lines = k1 - k0;
      for (int64_t p = 0; p < count; p++) panel(panels + p * lines * kPanel, n + p * kPanel, k0, k1);
      m.kPerTap = static_cast<size_t>(lines);
      m.panelStride = lines * kPanel;
      m.addendStride = out.strides[0];
      for (int64_t i = 0; i < cut.tiles; i++)
        for (int64_t p = 0; p < count;) {
          const GemmRow& r = choice.at(count - p);
          const int64_t column = n + p * kPanel;
          m.a = row(x, cut.start(i)) + k0;
          m.rows = static_cast<size_t>(cut.rows(i));
          m.b = panels + p * lines * kPanel;
          m.c = const_cast<float*>(row(out, cut.start(i))) + column;
          m.columns = static_cast<size_t>(smaller(r.panels * kPanel, n + columns - column));
          m.addend = k0 ? m.c : nullptr;
          m.bias = k0 || !bias.data ? nullptr : static_cast<const float*>(bias.data) + column;
          r.fn(m);
          p += r.panels;
        }
    }
  }

  void run() {
    if (s.rows == 0) return;
    if (s.rows <= kFew) order();
    for (size_t item = a.begin; item < a.end; item++) {
      const int64_t n = static_cast<int64_t>(item) * kColumns, columns = smaller(kColumns, s.n - n);
      if (s.rows > kFew) {
        many(n, columns);
        continue;
      }
      for (int64_t i = 0; i < columns; i += kSide) {
        if (s.rows == 1) few<1>(n + i);
        if (s.rows == 2) few<2>(n + i);
        if (s.rows == 3) few<3>(n + i);
        if (s.rows == 4) few<4>(n + i);
      }
    }
  }
};

void run(const StepArgs& a) {
  switch (static_cast<const Params*>(a.params)->bits) {
    case 2: return Worker<2>(a).run();
    case 4: return Worker<4>(a).run();
    default: return Worker<8>(a).run();
  }
}

const char* check(const StepArgs& a, size_t scratchBytes) {
  const Params& p = *static_cast<const Params*>(a.params);
  const Operand &x = a.in[kX], &q = a.in[kQ], &scale = a.in[kScale], &zero = a.in[kZero], &bias = a.in[kBias],
                &out = a.out[0];
  if (p.bits != 2 && p.bits != 4 && p.bits != 8) return "bits";
  constexpr int64_t most = int64_t(1) << 31;
  if (p.block < 1 || p.block > most || p.block % (8 / p.bits) != 0) return "block";
  const Operand* matrices[] = {&x, &q, &scale, &out, &zero};
  for (const Operand* o : matrices) {
    if (!o->data && o != &zero) return "operand missing";
    if (!o->data) continue;
    if (o->rank != 2 || o->type != (o == &q ? Type::u8 : Type::f32)) return "type or rank of an operand";
    if (o->dims[0] > most || o->dims[1] > most) return "sizes are out of range";
    if (o->dims[1] > 1 && o->strides[1] != 1) return "inner dimension is not contiguous";
  }
  if (bias.data && (bias.type != Type::f32 || bias.rank != 1 || bias.dims[0] != out.dims[1] ||
                    (bias.dims[0] > 1 && bias.strides[0] != 1)))
    return "bias";
  for (int i = 0; i < 2; i++)
    if (out.dims[i] > 1 && out.strides[i] == 0) return "output repeats";
  const Sizes s(a);
  if (x.dims[0] != out.dims[0]) return "dims of x and output differ";
  if (q.dims[0] != s.n || scale.dims[0] != s.n || (zero.data && zero.dims[0] != s.n)) return "columns";
  if (q.dims[1] < s.blocks * s.bytes || scale.dims[1] < s.blocks || (zero.data && zero.dims[1] < s.blocks))
    return "blocks";
  if (speedOf(a.rows, a.rowCount) < 0) return "no gemm rows";
  // factors are below 2^35
  if (s.scratch() > int64_t(1) << 40 || s.scratch() * 4 > static_cast<int64_t>(scratchBytes))
    return "scratch is too small";
  return a.end > static_cast<size_t>(ceilDiv(s.n, kColumns)) ? "number of items" : nullptr;
}

}  // namespace

HAIO_TABLE(mat_mul_n_bits,
           {"mat_mul_n_bits.f32", "bits:i32,block:i64", sizeof(Params), 3, 5, 1, run, check, nullptr})

}  // namespace haio::HAIO_ISA::mat_mul_n_bits
