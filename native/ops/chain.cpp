// chain: runs Stage[] over blocks that stay in L1. Every input has the output's dims, any strides
// (0 repeats) and any numeric type; loaders convert to the domain, the storer to the output's type:
// from floats to integers toward zero, saturating, NaN → 0; to bool: not 0. Without stages the one
// input is converted.
//
// Items are equal shares of the list of blocks, one for each kShare elements or part of them.
#include "kernel.h"
#include "simd/convert.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::chain {
namespace {

constexpr size_t kMaxInputs = 64, kMaxStages = 64;
constexpr int64_t kShare = 4096;
constexpr int64_t kLen = static_cast<int64_t>(kBlock);

// Dims without those of size 1, adjacent ones merged where every operand allows it; rank ≥ 2.
// Operand `inCount` is the output.
struct Nest {
  int rank;
  int64_t dims[kMaxRank + 2];
  int64_t strides[kMaxInputs + 1][kMaxRank + 2];
};

void build(const StepArgs& a, Nest& nest) {
  const size_t count = a.inCount + 1;
  const Operand& out = a.out[0];
  const auto operand = [&](size_t k) -> const Operand& { return k < a.inCount ? a.in[k] : out; };
  nest.rank = 2;
  nest.dims[0] = nest.dims[1] = 1;
  for (size_t k = 0; k < count; k++) nest.strides[k][0] = nest.strides[k][1] = 0;
  for (int d = 0; d < out.rank; d++) {
    const int64_t n = out.dims[d];
    if (n == 1) continue;
    const int last = nest.rank - 1;
    bool joins = true;
    for (size_t k = 0; joins && k < count; k++)
      joins = nest.dims[last] == 1 || nest.strides[k][last] == operand(k).strides[d] * n;
    if (joins) {
      nest.dims[last] *= n;
      for (size_t k = 0; k < count; k++) nest.strides[k][last] = operand(k).strides[d];
    } else {
      nest.rank++;
      nest.dims[last + 1] = n;
      for (size_t k = 0; k < count; k++) nest.strides[k][last + 1] = operand(k).strides[d];
    }
  }
}

// How rows (the innermost dimension) make blocks: long rows are cut, several short ones share a block.
struct Blocks {
  int64_t rows, length;  // of the nest
  int64_t perRow, cut;   // long rows: blocks a row, elements a block
  int64_t together;      // short rows: rows a block
  int64_t count;
};

Blocks blocksOf(const Nest& nest) {
  Blocks b = {};
  b.length = nest.dims[nest.rank - 1];
  b.rows = 1;
  for (int d = 0; d < nest.rank - 1; d++) b.rows *= nest.dims[d];
  if (b.length > kLen / 2) {
    b.perRow = (b.length + kLen - 1) / kLen;
    b.cut = ((b.length + b.perRow - 1) / b.perRow + 15) / 16 * 16;
    if (b.perRow == 1) b.cut = b.length;
    b.together = 1;
    b.count = b.rows * b.perRow;
  } else {
    b.perRow = 1;
    b.cut = b.length;
    b.together = kLen / b.length;
    // whole vectors where the rows allow it
    int64_t unit = 16;
    while (unit > 1 && b.length % (16 / unit * 2) == 0) unit /= 2;
    if (b.together > unit) b.together -= b.together % unit;
    b.count = (b.rows + b.together - 1) / b.together;
  }
  return b;
}

int64_t totalOf(const Operand& o) {
  int64_t n = 1;
  for (int d = 0; d < o.rank; d++) n *= o.dims[d];
  return n;
}

// Item p of `parts` begins at this block.
int64_t share(int64_t blocks, int64_t p, int64_t parts) {
  return blocks / parts * p + blocks % parts * p / parts;
}

// `rows` runs of n elements, `row` and `step` apart.
struct Patch {
  int64_t rows, n, row, step;
  bool dense() const { return (step == 1 || n == 1) && (rows == 1 || row == n); }
};

template <class W>
void gather(const char* from, const Patch& p, char* to) {
  const W* x = reinterpret_cast<const W*>(from);
  W* y = reinterpret_cast<W*>(to);
  for (int64_t r = 0; r < p.rows; r++, x += p.row, y += p.n) {
    if (p.step == 1 && p.n * static_cast<int64_t>(sizeof(W)) >= 64) {
      memcpy(y, x, static_cast<size_t>(p.n) * sizeof(W));
    } else if (p.step == 0) {
      const W value = *x;
      for (int64_t i = 0; i < p.n; i++) y[i] = value;
    } else {
      for (int64_t i = 0; i < p.n; i++) y[i] = x[i * p.step];
    }
  }
}
void gather(size_t width, const char* from, const Patch& p, char* to) {
  switch (width) {
    case 1:
      return gather<uint8_t>(from, p, to);
    case 2:
      return gather<uint16_t>(from, p, to);
    case 4:
      return gather<uint32_t>(from, p, to);
    default:
      return gather<uint64_t>(from, p, to);
  }
}
template <class W>
void scatter(const char* from, const Patch& p, char* to) {
  const W* x = reinterpret_cast<const W*>(from);
  W* y = reinterpret_cast<W*>(to);
  for (int64_t r = 0; r < p.rows; r++, x += p.n, y += p.row)
    for (int64_t i = 0; i < p.n; i++) y[i * p.step] = x[i];
}
void scatter(size_t width, const char* from, const Patch& p, char* to) {
  switch (width) {
    case 1:
      return scatter<uint8_t>(from, p, to);
    case 2:
      return scatter<uint16_t>(from, p, to);
    case 4:
      return scatter<uint32_t>(from, p, to);
    default:
      return scatter<uint64_t>(from, p, to);
  }
}

template <class T>
constexpr Type kTypeOf = sizeof(T) == 4             ? Type::f32
                         : static_cast<T>(0.5) != 0 ? Type::f64
                                                    : Type::i64;

template <class T>
void loadPatch(Type type, const char* from, const Patch& p, T* block, char* temp) {
  const size_t n = static_cast<size_t>(p.rows * p.n), width = widthOf(type);
  if (p.dense()) return loadBlock(type, from, n, block);
  if (type == kTypeOf<T>) return gather(width, from, p, reinterpret_cast<char*>(block));
  gather(width, from, p, temp);
  loadBlock(type, temp, n, block);
}
template <class T>
void storePatch(Type type, const T* block, const Patch& p, char* to, char* temp) {
  const size_t n = static_cast<size_t>(p.rows * p.n), width = widthOf(type);
  if (p.dense()) return storeBlock(type, block, n, to);
  storeBlock(type, block, n, temp);
  scatter(width, temp, p, to);
}

// Scratch: a block for each input and stage, and one of 8-byte elements for conversions.
template <class T>
size_t scratchOf(const StepArgs& a) {
  return (a.inCount + (a.stages ? a.stages->count : 0)) * kBlock * sizeof(T) + kBlock * 8;
}

// Stages read whole vectors, so a block is used where it lies only if it is made of them.
template <class T>
bool wholeVectors(int64_t n) {
  return sizeof(T) != sizeof(float) || n % 16 == 0;
}

// One call: the operands, the nest, and where each slot of the current block is.
template <class T>
struct Chain {
  const StepArgs& a;
  Nest nest;
  Blocks blocks;
  T* base;
  char* temp;
  bool fixed[kMaxInputs];  // the same block at all times
  const void* slots[kMaxInputs + kMaxStages];

  explicit Chain(const StepArgs& args) : a(args) {
    build(a, nest);
    blocks = blocksOf(nest);
    base = static_cast<T*>(a.scratch);
    const size_t stages = a.stages ? a.stages->count : 0;
    temp = reinterpret_cast<char*>(base + (a.inCount + stages) * kBlock);
    for (size_t i = 0; i < a.inCount + stages; i++) slots[i] = base + i * kBlock;
    for (size_t k = 0; k < a.inCount; k++) {
      const int64_t* s = nest.strides[k];
      fixed[k] = blocks.perRow == 1 || s[nest.rank - 1] == 0;
      for (int d = 0; d < nest.rank - 1; d++) fixed[k] = fixed[k] && (s[d] == 0 || nest.dims[d] == 1);
      if (!fixed[k]) continue;
      const Patch p = {blocks.together, blocks.cut, 0, s[nest.rank - 1]};
      loadPatch(a.in[k].type, static_cast<const char*>(a.in[k].data), p, base + k * kBlock, temp);
    }
  }

  // Byte address of element `column` of row `row` of operand k.
  char* at(const Operand& o, size_t k, int64_t row, int64_t column) const {
    int64_t offset = column * nest.strides[k][nest.rank - 1];
    for (int d = nest.rank - 2; d > 0 && row > 0; d--) {
      offset += row % nest.dims[d] * nest.strides[k][d];
      row /= nest.dims[d];
    }
    offset += row * nest.strides[k][0];
    return static_cast<char*>(o.data) + offset * static_cast<int64_t>(widthOf(o.type));
  }

  // Calls f(row, rows, position in the block) for runs of rows that are evenly spaced.
  template <class F>
  void segments(int64_t row, int64_t rows, int64_t n, F f) const {
    const int64_t m = nest.dims[nest.rank - 2];
    for (int64_t done = 0; done < rows;) {
      const int64_t left = m - (row + done) % m, r = left < rows - done ? left : rows - done;
      f(row + done, r, done * n);
      done += r;
    }
  }

  Patch patch(size_t k, int64_t rows, int64_t n) const {
    return {rows, n, nest.strides[k][nest.rank - 2], nest.strides[k][nest.rank - 1]};
  }

  void block(int64_t b) {
    const int64_t row = b / blocks.perRow * blocks.together, column = b % blocks.perRow * blocks.cut;
    const int64_t n = blocks.length - column < blocks.cut ? blocks.length - column : blocks.cut;
    const int64_t rows = blocks.rows - row < blocks.together ? blocks.rows - row : blocks.together;
    if (n <= 0) return;
    const int64_t m = nest.dims[nest.rank - 2];
    const bool inPlace = wholeVectors<T>(rows * n) && row % m + rows <= m;
    for (size_t k = 0; k < a.inCount; k++) {
      if (fixed[k]) continue;
      const Operand& o = a.in[k];
      if (inPlace && o.type == kTypeOf<T> && patch(k, rows, n).dense()) {
        slots[k] = at(o, k, row, column);
        continue;
      }
      T* to = base + k * kBlock;
      slots[k] = to;
      segments(row, rows, n, [&](int64_t first, int64_t r, int64_t position) {
        loadPatch(o.type, at(o, k, first, column), patch(k, r, n), to + position, temp);
      });
    }
    const Operand& out = a.out[0];
    const size_t stages = a.stages ? a.stages->count : 0;
    const bool direct = stages && inPlace && out.type == kTypeOf<T> && patch(a.inCount, rows, n).dense();
    void* result = direct ? at(out, a.inCount, row, column) : nullptr;
    for (size_t s = 0; s < stages; s++) {
      const Stage& stage = a.stages->list[s];
      const void* args[sizeof stage.args];
      for (int i = 0; i < stage.argCount; i++) args[i] = slots[stage.args[i]];
      T* to = base + (a.inCount + s) * kBlock;
      stage.fn(args, direct && s + 1 == stages ? result : to, static_cast<size_t>(rows * n), stage.params);
    }
    if (direct) return;
    const T* from = static_cast<const T*>(slots[a.inCount + stages - 1]);
    segments(row, rows, n, [&](int64_t first, int64_t r, int64_t position) {
      storePatch(out.type, from + position, patch(a.inCount, r, n), at(out, a.inCount, first, column), temp);
    });
  }
};

template <class T>
void run(const StepArgs& a) {
  Chain<T> chain(a);
  const int64_t parts = (totalOf(a.out[0]) + kShare - 1) / kShare;
  const int64_t end = share(chain.blocks.count, static_cast<int64_t>(a.end), parts);
  for (int64_t b = share(chain.blocks.count, static_cast<int64_t>(a.begin), parts); b < end; b++)
    chain.block(b);
}

template <class T>
const char* check(const StepArgs& a, size_t scratchBytes) {
  const size_t stages = a.stages ? a.stages->count : 0;
  if (a.inCount < 1 || a.inCount > kMaxInputs || stages > kMaxStages) return "number of inputs or stages";
  if (stages == 0 && a.inCount != 1) return "a chain without stages has one input";
  const Operand& out = a.out[0];
  if (!out.data || widthOf(out.type) == 0) return "output is absent or no number";
  int64_t total = 1;
  for (int d = 0; d < out.rank; d++) {
    if (out.dims[d] < 1) return "empty output";
    if (__builtin_mul_overflow(total, out.dims[d], &total)) return "too many elements";
  }
  if (total > int64_t{1} << 48) return "too many elements";
  for (size_t k = 0; k < a.inCount; k++) {
    const Operand& in = a.in[k];
    if (!in.data || widthOf(in.type) == 0) return "input is absent or no number";
    if (in.rank != out.rank) return "input must have the output's dims";
    for (int d = 0; d < in.rank; d++)
      if (in.dims[d] != out.dims[d]) return "input must have the output's dims";
  }
  for (size_t s = 0; s < stages; s++) {
    const Stage& stage = a.stages->list[s];
    if (!stage.fn || stage.argCount > sizeof stage.args) return "stage without function";
    for (int i = 0; i < stage.argCount; i++)
      if (stage.args[i] >= a.inCount + s) return "stage reads a later slot";
  }
  if (scratchBytes < scratchOf<T>(a)) return "too little scratch";
  if (static_cast<int64_t>(a.end) > (total + kShare - 1) / kShare) return "too many items";
  return nullptr;
}

HAIO_TABLE(chain, {"chain.f32", "", 0, 1, 1, 1, run<float>, check<float>,
                   nullptr} HAIO_SCALAR(, {"chain.f64", "", 0, 1, 1, 1, run<double>, check<double>, nullptr},
                                        {"chain.i64", "", 0, 1, 1, 1, run<int64_t>, check<int64_t>, nullptr}))

}  // namespace
}  // namespace haio::HAIO_ISA::chain
