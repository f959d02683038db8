// The loops around the micro-kernels of one gemm step of 16- or 8-bit matrices.
//
//   bf16   out[g…, r…, m, n] = stages(clamp(S + bias[g…, n] + residual[g…, r…, m, n]))
//   8 bits out[g…, r…, m, n] = stages(scale[g…, n] · f32(S + bias[g…, n])), wrapping in the int32 sum
//   where  S = Σ_{t…, k} (A[g…, r…, m, t…, k] − zero) · (B[g…][t…, k, n] − z[g…][n])
//
// A, its views and B are those of gemm/driver.h, in the panels of gemm/narrow_panels.h. Sums stand in
// blocks of scratch, a tile each; a finished one is brought to floats (int32 where nothing follows),
// goes through the stages and is converted to the output's type. A is read where it lies if every k
// of a tap is part of a whole k-step; else, or if it is f32, it is converted into scratch (`copy`),
// zeros behind each row.
//
// Order: a pair or so of panels, a part of K that keeps their lines in L1, then tiles of rows.
#pragma once
#include "gemm/narrow_shape.h"
#include "gemm/requantize.h"
#include "simd/convert.h"

namespace haio::HAIO_ISA::gemm {
namespace {

constexpr int64_t kHotBytes = 24 << 10;  // of the panels that a part of K takes
constexpr int64_t kNextLines = 1024;     // fetched of the next step's weights

template <class F>
class Narrow {
 public:
  explicit Narrow(const StepArgs& args)
      : a(args), p(*static_cast<const NarrowParams*>(args.params)), s(shapeOf(args, p, kNarrowInputs)), k(paddedK<F>(s.k)) {
    const NarrowScratch<F> at(s, p, a.stages);
    char* base = static_cast<char*>(a.scratch);
    taps = reinterpret_cast<ptrdiff_t*>(base);
    table = reinterpret_cast<int64_t*>(base + at.rowTable);
    state = base + at.state;
    tile = reinterpret_cast<float*>(base + at.tile);
    stageBlocks = reinterpret_cast<float*>(base + at.blocks);
    sums = base + at.sums;
    rowSums = reinterpret_cast<int32_t*>(base + at.rowSums);
    copied = base + at.copy;
    size = static_cast<int64_t>(widthOf(a.in[kA].type));
    for (int64_t t = 0; t < s.taps; t++) taps[t] = offsetOf(a.in[kA], s.outer + 1, a.in[kA].rank - 1, t);
    memset(state, 0, 64);
    memset(tile, 0, kTileBytes);
  }

  void run() {
    for (int64_t i = static_cast<int64_t>(a.begin), end = static_cast<int64_t>(a.end); i < end;) {
      const int64_t nb = i % s.nBlocks, ne = smaller(s.nBlocks, nb + end - i);
      const int64_t group = i / s.nBlocks % s.groups, rest = i / s.nBlocks / s.groups;
      block(group, rest / s.mBlocks * p.rowBlock, rest % s.mBlocks * p.mBlock, nb * p.nBlock,
            smaller(s.panels, ne * p.nBlock));
      i += ne - nb;
    }
    if (used && used->end) used->end();
  }

 private:
  const StepArgs& a;
  const NarrowParams& p;
  const Shape s;
  const int64_t k;  // padded
  ptrdiff_t* taps;
  int64_t* table;
  char *state, *sums, *copied;
  float *tile, *stageBlocks;
  int32_t* rowSums;
  FilledBlocks filled;
  const GemmRow* used = nullptr;
  int64_t size;  // bytes of an element of A

  // The block at hand: panels p0…p1−1 of B, rows of A.
  int64_t p0, p1, segments, length;
  const typename F::B* b;
  const char *bias, *scale;
  Choice choice;
  int32_t zeroA;
  bool last;     // no rows come after these tiles
  bool rowTerm;  // some zero point of B is not 0: row sums of A count

  int64_t& rowOffset(int64_t row, int operand) {
    return table[row * (3 + (int64_t)s.stageOperands) + operand];
  }
  // 0 A, 1 the output, 2 the residual, then those of the stages
  const Operand& operand(int i) const {
    return i == 0 ? a.in[kA] : i == 1 ? a.out[0] : i == 2 ? a.in[kResidual] : a.in[kNarrowInputs + i - 3];
  }
  int64_t mStride(int i) const { return operand(i).strides[s.outer]; }
  static char* at(const Operand& o, int64_t offset) {
    return static_cast<char*>(o.data) + offset * static_cast<int64_t>(widthOf(o.type));
  }
  int64_t width(int64_t panel) const { return choice.at(p1 - panel).panels; }

  void block(int64_t group, int64_t row, int64_t m, int64_t firstPanel, int64_t endPanel) {
    p0 = firstPanel;
    p1 = endPanel;
    const int64_t rows = smaller(p.rowBlock, s.rows - row);
    length = smaller(p.mBlock, s.m - m);
    segments = rows;
    const bool noMoreRows = row + rows == s.rows && m + length == s.m;
    for (int i = 0; i < 3 + static_cast<int>(s.stageOperands); i++) {
      const Operand& o = operand(i);
      if (!o.data) continue;
      const int64_t base = offsetOf(o, 0, s.groupAxes, group) + m * o.strides[s.outer];
      for (int64_t r = 0; r < rows; r++) rowOffset(r, i) = base + offsetOf(o, s.groupAxes, s.outer, row + r);
    }
    b = static_cast<const typename F::B*>(a.in[kB].data) + offsetOf(a.in[kB], 0, s.groupAxes, group);
    bias = a.in[kBias].data ? at(a.in[kBias], offsetOf(a.in[kBias], 0, s.groupAxes, group)) : nullptr;
    scale = a.in[kScale].data ? at(a.in[kScale], offsetOf(a.in[kScale], 0, s.groupAxes, group)) : nullptr;
    if (p.copy) copyRows(rows), segments = 1, length *= rows;
    prepareSums();
    choice = choose(a.rows, a.rowCount, length, p1 - p0, rowType(), F::type);
    used = choice.by[choice.panels];

    const EvenTiles split(length, choice.mr);
    const int64_t tiles = segments * split.tiles;
    // with more rows the weights are a small part of what is read
    const bool fetches = tiles <= kTileGroup;
    for (int64_t t0 = 0; t0 < tiles; t0 += kTileGroup) {
      const int64_t t1 = smaller(tiles, t0 + kTileGroup);
      const bool end = fetches && t1 == tiles && noMoreRows;
      if (k * static_cast<int64_t>(sizeof(typename F::B)) <= 1024 && s.taps == 1) {
        for (int64_t t = t0; t < t1; t++) {
          last = end && t + 1 == t1;
          for (int64_t panel = p0; panel < p1; panel += width(panel)) panels(panel, t, t + 1, t0, split, fetches && t == 0);
        }
      } else {
        last = end;
        for (int64_t panel = p0; panel < p1; panel += width(panel)) panels(panel, t0, t1, t0, split, fetches);
      }
    }
  }

  Type rowType() const { return p.copy && a.in[kA].type == Type::f32 ? F::type : a.in[kA].type; }

  // Lines of two panels that come next: `lines` from `at` on, and as many `apart` lines further on.
  struct Ahead {
    const char* at = nullptr;
    int64_t lines = 0, apart = 0;
  };
  // `count` k from k0 on of the panels at `panel`.
  Ahead linesOf(int64_t panel, int64_t k0, int64_t count) const {
    const int64_t perK = kPanel * static_cast<int64_t>(sizeof(typename F::B));
    return {reinterpret_cast<const char*>(b) + (panel * k + k0) * perK, count * perK / kLineBytes, k * perK / kLineBytes};
  }
  // What follows the panels at `panel`: others, or the next step's weights.
  Ahead behind(int64_t panel, int64_t count, bool cold) const {
    if (panel + width(panel) < s.panels) return cold ? linesOf(panel + width(panel), 0, count) : Ahead{};
    const int64_t lines = smaller(static_cast<int64_t>(a.nextBytes) / kLineBytes, kNextLines) / 2;
    return last && a.next ? Ahead{static_cast<const char*>(a.next), lines, lines} : Ahead{};
  }

  // The panels at `panel` against tiles t0…t1−1, whose blocks of sums start at tile `first`. `cold`: the
  // panels are read for the first time.
  void panels(int64_t panel, int64_t t0, int64_t t1, int64_t first, const EvenTiles& split, bool cold) {
    const int64_t perTap = p.copy ? k : s.kPerTap, hot = kHotBytes / (kLineBytes * width(panel)) * F::kGroup;
    if (k == 0) {
      for (int64_t t = t0; t < t1; t++) memset(sums + (t - first) * static_cast<int64_t>(kTileBytes), 0, kTileBytes);
    } else if (perTap > hot) {  // even parts of a tap
      const int64_t part = ceilDiv(ceilDiv(perTap, F::kStep), ceilDiv(perTap, hot)) * F::kStep;
      for (int64_t tap = 0; tap < k / perTap; tap++)
        for (int64_t from = 0; from < perTap; from += part) {
          const int64_t count = smaller(part, perTap - from), end = tap * perTap + from + count;
          const Ahead next = end == k ? behind(panel, part, cold) : cold ? linesOf(panel, end, smaller(part, k - end)) : Ahead{};
          for (int64_t t = t0; t < t1; t++)
            multiply(panel, t, first, split, tap * perTap + from, tap, 1, from, count, share(next, t - t0, t1 - t0));
        }
    } else {
      const int64_t all = k / perTap, together = ceilDiv(all, ceilDiv(all, hot / perTap));
      for (int64_t tap = 0; tap < all; tap += together) {
        const int64_t taken = smaller(together, all - tap), end = (tap + taken) * perTap;
        const Ahead next = end == k ? behind(panel, together * perTap, cold)
                           : cold   ? linesOf(panel, end, smaller(together * perTap, k - end))
                                    : Ahead{};
        for (int64_t t = t0; t < t1; t++)
          multiply(panel, t, first, split, tap * perTap, tap, taken, 0, perTap, share(next, t - t0, t1 - t0));
      }
    }
    for (int64_t t = t0; t < t1; t++) finish(panel, t, first, split);
  }

  // The i-th of n parts.
  static Ahead share(const Ahead& all, int64_t i, int64_t n) {
    const int64_t from = all.lines * i / n;
    return {all.at ? all.at + from * kLineBytes : nullptr, all.lines * (i + 1) / n - from, all.apart};
  }

  // Adds to tile t the products of `count` k from `from` on of `tapCount` taps; k0 is the first line's.
  void multiply(int64_t panel, int64_t t, int64_t first, const EvenTiles& split, int64_t k0, int64_t tap,
                int64_t tapCount, int64_t from, int64_t count, const Ahead& next) {
    const GemmRow& kernel = choice.at(p1 - panel);
    const int64_t row = t / split.tiles, i = t % split.tiles, x = split.start(i);
    const ptrdiff_t none = 0;
    MicroArgs m = {};
    m.rows = static_cast<size_t>(split.rows(i));
    m.taps = &none;
    m.tapCount = static_cast<size_t>(tapCount);
    m.kPerTap = static_cast<size_t>(count);
    if (p.copy) {
      m.rowStride = narrowCopyStride(k, F::kStep);
      m.a = copied + (x * m.rowStride + from) * static_cast<int64_t>(sizeof(typename F::B));
    } else {
      m.rowStride = mStride(0);
      m.a = at(a.in[kA], rowOffset(row, 0) + x * m.rowStride + from);
      m.taps = taps + tap;
    }
    m.b = b + (panel * k + k0) * kPanel;
    m.panelStride = k * kPanel;
    m.c = sums + (t - first) * static_cast<int64_t>(kTileBytes);
    m.cStride = kernel.panels * kPanel;
    m.addend = k0 ? m.c : nullptr;
    m.state = state;
    m.next = next.at;
    m.nextLines = static_cast<size_t>(next.lines);
    m.nextRun = static_cast<size_t>(next.apart);
    if constexpr (F::acc == Type::i32) m.sums = sumsOf(b, k, s.panels) + panel * kPanel;
    kernel.fn(m);
  }

  // The finished sums of tile t become elements of the output.
  void finish(int64_t panel, int64_t t, int64_t first, const EvenTiles& split) {
    const int64_t row = t / split.tiles, i = t % split.tiles, x = split.start(i), rows = split.rows(i);
    const int64_t column = panel * kPanel, wide = choice.at(p1 - panel).panels * kPanel;
    const int64_t columns = smaller(wide, s.n - column);
    char* block = sums + (t - first) * static_cast<int64_t>(kTileBytes);
    const Operand& out = a.out[0];
    const int64_t to = rowOffset(row, 1) + x * mStride(1) + column;
    if constexpr (F::acc == Type::i32) {
      if (finishInts(reinterpret_cast<int32_t*>(block), row, x, rows, column, columns, wide, to)) return;
    } else {
      if (finishFloats(reinterpret_cast<float*>(block), row, x, rows, column, columns, wide, to)) return;
    }
    float* values = reinterpret_cast<float*>(block);
    if (!a.stages) {
      for (int64_t r = 0; r < rows; r++)
        storeBlock(out.type, values + r * wide, static_cast<size_t>(columns), at(out, to + r * mStride(1)));
      return;
    }
    const int64_t narrow = stageWidth(rows, columns, wide / kPanel);
    if (narrow != wide) {
      for (int64_t r = 0; r < rows; r++) copyRow(tile + r * narrow, values + r * wide, columns);
      values = tile;
    }
    StageOperand operands[kMaxStageOperands];
    for (int j = 0; j < static_cast<int>(s.stageOperands); j++) {
      const Operand& o = operand(3 + j);
      const int64_t from = rowOffset(row, 3 + j) + x * mStride(3 + j) + column * o.strides[s.outer + 1];
      operands[j] = {at(o, from), mStride(3 + j), o.strides[s.outer + 1], o.type};
    }
    runStages(*a.stages, operands, s.stageOperands, values, narrow, rows, columns, at(out, to), mStride(1),
              out.type, stageBlocks, filled);
  }

  // Bias, residual and clamp on a tile of floats; true if the results are in the output already.
  bool finishFloats(float* block, int64_t row, int64_t x, int64_t rows, int64_t column, int64_t columns,
                    int64_t wide, int64_t to) {
    const Operand &residual = a.in[kResidual], &out = a.out[0];
    const bool whole = columns % F32::N == 0;
    const bool stores = !a.stages && whole && (out.type == Type::bf16 || out.type == Type::f32);
    const char* more = residual.data ? at(residual, rowOffset(row, 2) + x * mStride(2) + column) : nullptr;
    const Tile t = {block, rows, columns, wide, column, more, at(out, to)};
    const bool bf16 = stores && out.type == Type::bf16;
    if (more && whole && residual.type == Type::bf16) bf16 ? addTo<2, true>(t) : addTo<2, false>(t);
    else if (more && whole && residual.type == Type::f32) bf16 ? addTo<1, true>(t) : addTo<1, false>(t);
    else if (more) bf16 ? addTo<3, true>(t) : addTo<3, false>(t);
    else bf16 ? addTo<0, true>(t) : addTo<0, false>(t);
    if (stores && !bf16)
      for (int64_t r = 0; r < rows; r++)
        copyRow(reinterpret_cast<float*>(t.out) + r * mStride(1), block + r * wide, columns);
    return stores;
  }
  struct Tile {
    float* block;
    int64_t rows, columns, wide, column;
    const char* residual;
    char* out;
  };
  // kAdded: 0 none, 1 f32, 2 bf16, 3 any type; kBf16: results go to the output in that type, else to
  // the block.
  template <int kAdded, bool kBf16>
  void addTo(const Tile& t) {
    constexpr int64_t N = F32::N;
    float start[kMaxPanels * kPanel] = {}, other[kMaxPanels * kPanel];
    if (bias) copyRow(start, reinterpret_cast<const float*>(bias) + t.column, t.columns);
    const F32 lo = set1(p.lo), hi = set1(p.hi);
    const int64_t step = mStride(2) * (kAdded ? static_cast<int64_t>(widthOf(a.in[kResidual].type)) : 0);
    for (int64_t r = 0; r < t.rows; r++) {
      float* c = t.block + r * t.wide;
      const char* from = t.residual + (kAdded ? r * step : 0);
      if constexpr (kAdded == 3) loadBlock(a.in[kResidual].type, from, static_cast<size_t>(t.columns), other);
      for (int64_t j = 0; j < t.columns; j += N) {
        F32 v = load(c + j) + load(start + j);
        if constexpr (kAdded == 1) v = v + load(reinterpret_cast<const float*>(from) + j);
        if constexpr (kAdded == 2) v = v + loadBf16(reinterpret_cast<const uint16_t*>(from) + j);
        if constexpr (kAdded == 3) v = v + load(other + j);
        v = min(hi, max(lo, v));  // a NaN stays one
        if constexpr (kBf16)
          storeBf16(reinterpret_cast<uint16_t*>(t.out) + r * mStride(1) + j, v);
        else
          store(c + j, v);
      }
    }
  }

  // Sums of a tile: bias[n] − zero·Σ_k (b − z) − z·Σ_k a is added, then they are scaled or quantised (see
  // gemm/requantize.h), or stay what they are. True if the results are in the output already.
  bool finishInts(int32_t* block, int64_t row, int64_t x, int64_t rows, int64_t column, int64_t columns,
                  int64_t wide, int64_t to) {
    constexpr int64_t N = I32::N;
    const int32_t* sum = sumsOf(reinterpret_cast<const int8_t*>(b), k, s.panels) + column;
    const int32_t* zero = sum + s.panels * kPanel;
    int32_t start[kMaxPanels * kPanel] = {};
    float factor[kMaxPanels * kPanel];
    if (bias) memcpy(start, bias + column * 4, static_cast<size_t>(columns) * 4);
    for (int64_t j = 0; j < wide; j += N)
      store(start + j,
            load(start + j) - I32(zeroA) * (load(sum + j) - I32(static_cast<int32_t>(s.k)) * load(zero + j)));
    for (int64_t r = 0; rowTerm && r < rows; r++)
      for (int64_t j = 0; j < wide; j += N) {
        int32_t* at = block + r * wide + j;
        store(at, load(at) - load(zero + j) * I32(rowSums[row * length + x + r]));
      }
    const Operand& out = a.out[0];
    char* target = at(out, to);
    if (!p.quantize && !scale && !a.stages && out.type == Type::i32) {
      for (int64_t r = 0; r < rows; r++) {
        int32_t* from = block + r * wide;
        for (int64_t j = 0; j < wide; j += N) store(from + j, load(from + j) + load(start + j));
        memcpy(target + r * mStride(1) * 4, from, static_cast<size_t>(columns) * 4);
      }
      return true;
    }
    const int64_t step = scale ? a.in[kScale].strides[s.groupAxes] : 0;
    for (int64_t j = 0; j < wide; j++)
      factor[j] = scale && j < columns ? reinterpret_cast<const float*>(scale)[(column + j) * step] : 1.f;
    IntTile t = {block, rows, columns, wide, start, factor, reinterpret_cast<uint8_t*>(target), mStride(1), nullptr, 0};
    if (p.quantize == kQuantizedSum) {
      const Operand& other = a.in[kResidual];
      t.otherRow = mStride(2);
      t.other = reinterpret_cast<uint8_t*>(at(other, rowOffset(row, 2) + x * t.otherRow + column));
      if (other.type == Type::u8) quantizeTile<Residual::u8>(p, t);
      else quantizeTile<Residual::i8>(p, t);
    } else if (p.quantize) {
      quantizeTile<Residual::none>(p, t);
    } else {
      scaleTile(t);
    }
    return p.quantize != 0;
  }

  // The zero point of A, and sums of its rows where a zero point of B makes them count.
  void prepareSums() {
    if constexpr (F::acc == Type::i32) {
      const Operand& zero = a.in[kZero];
      const bool isSigned = a.in[kA].type == Type::i8;
      zeroA = !zero.data ? 0
              : isSigned ? *static_cast<const int8_t*>(zero.data)
                         : *static_cast<const uint8_t*>(zero.data);
      const int32_t* zeros = sumsOf(b, k, s.panels) + s.panels * kPanel;
      rowTerm = false;
      for (int64_t j = p0 * kPanel; j < p1 * kPanel; j += I32::N) rowTerm = rowTerm || any(load(zeros + j) != 0);
      if (!rowTerm) return;
      // a tile's rows are counted from the start of the block, segment after segment
      for (int64_t r = 0; r < segments; r++)
        for (int64_t x = 0; x < length; x++)
          rowSums[r * length + x] = isSigned ? sumRow<int8_t>(r, x) : sumRow<uint8_t>(r, x);
    }
  }
  template <class T>
  int32_t sumRow(int64_t r, int64_t x) {
    int32_t total = 0;
    for (int64_t t = 0; t < (p.copy ? 1 : s.taps); t++) {
      const T* from = p.copy ? reinterpret_cast<const T*>(copied) + x * narrowCopyStride(k, F::kStep)
                             : static_cast<const T*>(a.in[kA].data) + rowOffset(r, 0) + x * mStride(0) + taps[t];
      const int64_t n = p.copy ? k : s.kPerTap;
      for (int64_t i = 0; i < n; i++) total += from[i];
    }
    return total;
  }

  void copyRows(int64_t rows) {
    const int64_t bytes = s.kPerTap * size;
    if (a.in[kA].type == Type::f32 || bytes < 16 || bytes > 128) copyWith(rows, [this](auto* to, const char* from) { copyRun(to, from, s.kPerTap); });
    else if (bytes <= 32) copyWith(rows, [bytes](void* to, const char* from) { copyEnds<16>(to, from, bytes); });
    else if (bytes <= 64) copyWith(rows, [bytes](void* to, const char* from) { copyEnds<32>(to, from, bytes); });
    else copyWith(rows, [bytes](void* to, const char* from) { copyEnds<64>(to, from, bytes); });
  }
  // kWidth ≤ bytes ≤ 2·kWidth
  template <int64_t kWidth>
  AI void copyEnds(void* to, const char* from, int64_t bytes) {
    char first[kWidth], last[kWidth];
    memcpy(first, from, kWidth);
    memcpy(last, from + bytes - kWidth, kWidth);
    memcpy(to, first, kWidth);
    memcpy(static_cast<char*>(to) + bytes - kWidth, last, kWidth);
  }
  template <class Copy>
  void copyWith(int64_t rows, Copy copy) {
    const int64_t stride = narrowCopyStride(k, F::kStep), each = length, step = mStride(0) * size;
    typename F::B* to = reinterpret_cast<typename F::B*>(copied);
    for (int64_t r = 0; r < rows; r++) {
      const char* from = at(a.in[kA], rowOffset(r, 0));
      for (int64_t x = 0; x < each; x++, to += stride, from += step) {
        if (k > s.k) memset(to + k - F::kStep, 0, kLineBytes);  // what is no tail is written below
        for (int64_t t = 0; t < s.taps; t++) copy(to + t * s.kPerTap, from + taps[t] * size);
      }
    }
  }
  // Whole vectors, the last of which may overlap the one before.
  void copyRun(typename F::B* to, const char* from, int64_t n) {
    if constexpr (F::acc == Type::f32) {
      if (a.in[kA].type == Type::f32) {
        const float* x = reinterpret_cast<const float*>(from);
        constexpr int64_t N = F32::N;
        for (int64_t i = 0; i < n && n >= N; i += N) {
          const int64_t place = smaller(i, n - N);
          storeBf16(to + place, load(x + place));
        }
        if (n < N) {
          uint16_t few[N];
          storeBf16(few, load(x, static_cast<size_t>(n)));
          memcpy(to, few, static_cast<size_t>(n) * 2);
        }
        return;
      }
    }
    const int64_t bytes = n * static_cast<int64_t>(sizeof(typename F::B));
    char* target = reinterpret_cast<char*>(to);
    for (int64_t i = 0; i < bytes && bytes >= 16; i += 16) {
      const int64_t place = smaller(i, bytes - 16);
      memcpy(target + place, from + place, 16);
    }
    if (bytes < 16) memcpy(target, from, static_cast<size_t>(bytes));
  }
};

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
