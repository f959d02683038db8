// portable only
// trees: what the leaves that each row reaches say, for chunks of the trees:
//   out[c, n, t] = join over trees k of chunk c of the weights for target t of the leaf of k that x[n] reaches
// The tables are laid out by lib/ops/forest.ts. A node is a threshold t, a slot and a child: a row at it goes
// on to child + (v <= t ? 0 : 1), places in its tree, where v is the slot's value: an element of the row, one
// negated, or 0. A leaf leads to itself. So every comparison of ONNX and either way for NaN is one compare,
// and no branch depends on data. Eight walks (rows of one tree, or trees of one row) are interleaved, as the
// loads of one depend on each other.
//
// Tables are data of a plan and not trusted: slots and children are masked, entries and targets compared.
#include "moving.h"

namespace haio::HAIO_ISA::trees {
namespace {
using namespace moving;

enum Join { kSum, kMin, kMax, kReached };  // JOINS of lib/ops/trees.ts

struct Params {
  int32_t join;
  int32_t chunk;   // trees of each chunk, the last one may have less
  int32_t rows;    // rows of an item, a multiple of kLanes
  int64_t window;  // places of the largest tree, a power of two; behind every root lie as many nodes, and one
};

constexpr int kLanes = 8;

template <class T>
struct Node;
template <>
struct Node<float> {
  float threshold;
  uint16_t slot, child;
};
template <>
struct Node<double> {
  double threshold;
  uint32_t slot, child;
};

struct Root {
  int32_t node, depth;
};

template <class T>
struct Forest {
  const Node<T>* nodes;
  const Root* roots;
  const int32_t* entries;  // of each node: its first weight, -1 where there is none
  const int32_t* targets;  // of each weight; the last one of a leaf has ~target
  const T* weights;
  int64_t rootLimit, entryCount, targetCount;
  size_t slotMask, childMask;
};

// Values of kLanes rows, slot by slot.
template <class T>
using Lanes = T[kLanes];

// Levels between two looks whether all walks have ended.
constexpr int kLevels = 4;

// Walks from the roots tree[0] (rows) or tree[i] (trees) down to leaves: places[i] of lane i or of `lane`.
template <class T, bool kRows>
AI void descend(const Node<T>* const* tree, int depth, const Lanes<T>* values, int lane, const Forest<T>& f,
                size_t* places) {
  const size_t slotMask = f.slotMask, childMask = f.childMask;
  const char* const base = reinterpret_cast<const char*>(values) + (kRows ? 0 : lane) * sizeof(T);
  size_t at[kLanes] = {};
  for (int level = 0; level < depth;) {
    const int stop = level + kLevels < depth ? level + kLevels : depth;
    for (; level < stop; level++) {
#pragma GCC unroll 8
      for (int i = 0; i < kLanes; i++) {
        const Node<T>& node = tree[kRows ? 0 : i][at[i]];
        const char* v = base + (node.slot & slotMask) * sizeof(Lanes<T>) + (kRows ? i : 0) * sizeof(T);
        at[i] = (node.child & childMask) + (*reinterpret_cast<const T*>(v) <= node.threshold ? 0u : 1u);
      }
    }
    bool ended = true;
    for (int i = 0; i < kLanes; i++)
      ended = ended && (tree[kRows ? 0 : i][at[i]].child & childMask) == at[i];
    if (ended) break;
  }
  for (int i = 0; i < kLanes; i++) places[i] = at[i];
}

// Adds the weights of the leaf at node `at` to the targets y[0], y[step] ….
template <class T, Join kJoin>
AI void collect(const Forest<T>& f, int64_t at, T* y, int64_t step) {
  for (int64_t e = f.entries[at]; e >= 0 && e < f.entryCount; e++) {
    const int32_t code = f.targets[e];
    const int64_t target = code < 0 ? ~code : code;
    if (target < f.targetCount) {
      T& to = y[target * step];
      const T w = f.weights[e];
      if (kJoin == kSum) to += w;
      if (kJoin == kMin) to = w < to ? w : to;
      if (kJoin == kMax) to = w > to ? w : to;
      if (kJoin == kReached) to = 1;
    }
    if (code < 0) break;
  }
}

template <class T>
AI int64_t rootOf(const Forest<T>& f, int64_t tree) {
  const int64_t node = f.roots[tree].node;
  return node < 0 ? 0 : node < f.rootLimit ? node : f.rootLimit;
}
template <class T>
AI int depthOf(const Forest<T>& f, int64_t tree) {
  const int64_t depth = f.roots[tree].depth, most = (int64_t)f.childMask + 1;
  return static_cast<int>(depth < most ? depth : most);
}

// Values of the rows from `first` on, `count` of them, in groups of kLanes.
template <class T>
void load(const StepArgs& a, int64_t first, int64_t count, Lanes<T>* values) {
  const Operand &x = a.in[0], &slots = a.in[3];
  const int32_t* slot = static_cast<const int32_t*>(slots.data);
  const int64_t n = slots.dims[0];
  for (int64_t r = 0; r < count; r++) {
    const T* row = static_cast<const T*>(x.data) + (first + r) * x.strides[0];
    Lanes<T>* to = values + r / kLanes * n;
    for (int64_t s = 0; s < n; s++) {
      const int64_t feature = slot[s] >> 1;
      const T v = feature >= 0 && feature < x.dims[1] ? row[feature * x.strides[1]] : T(0);
      to[s][r % kLanes] = (slot[s] & 1) ? -v : v;
    }
  }
}

template <class T, Join kJoin>
void walk(const StepArgs& a) {
  const Params& p = paramsAs<Params>(a);
  const Operand &nodes = a.in[1], &targets = a.in[5], &out = a.out[0];
  const int64_t slots = a.in[3].dims[0], count = a.in[2].dims[0], rows = out.dims[1], width = out.dims[2];
  const Forest<T> f = {static_cast<const Node<T>*>(nodes.data),
                       static_cast<const Root*>(a.in[2].data),
                       static_cast<const int32_t*>(a.in[4].data),
                       static_cast<const int32_t*>(targets.data),
                       static_cast<const T*>(a.in[6].data),
                       nodes.dims[0] - p.window - 1,
                       targets.dims[0],
                       width,
                       static_cast<size_t>(slots - 1),
                       static_cast<size_t>(p.window - 1)};
  const int64_t blocks = (rows + p.rows - 1) / p.rows;
  const T start = kJoin == kMin ? T(__builtin_inf()) : kJoin == kMax ? T(-__builtin_inf()) : T(0);
  Lanes<T>* const values = static_cast<Lanes<T>*>(a.scratch);
  int64_t loaded = -1;
  for (size_t item = a.begin; item < a.end; item++) {
    const int64_t c = static_cast<int64_t>(item) / blocks, block = static_cast<int64_t>(item) % blocks;
    const int64_t first = block * p.rows, left = rows - first, n = left < p.rows ? left : p.rows;
    if (block != loaded) load(a, first, n, values);
    loaded = block;
    T* const y = static_cast<T*>(out.data) + c * out.strides[0] + first * out.strides[1];
    const int64_t down = out.strides[1], step = out.strides[2];
    for (int64_t r = 0; r < n; r++)
      for (int64_t t = 0; t < width; t++) y[r * down + t * step] = start;
    const int64_t from = c * p.chunk, end = from + p.chunk < count ? from + p.chunk : count;
    const int64_t whole = n / kLanes * kLanes;
    size_t places[kLanes];
    if (whole > 0)
      for (int64_t tree = from; tree < end; tree++) {
        const int64_t root = rootOf(f, tree);
        const Node<T>* const base = f.nodes + root;
        for (int64_t r = 0; r < whole; r += kLanes) {
          descend<T, true>(&base, depthOf(f, tree), values + r / kLanes * slots, 0, f, places);
          for (int i = 0; i < kLanes; i++)
            collect<T, kJoin>(f, root + static_cast<int64_t>(places[i]), y + (r + i) * down, step);
        }
      }
    for (int64_t r = whole; r < n; r++)
      for (int64_t tree = from; tree < end; tree += kLanes) {
        const Node<T>* base[kLanes];
        int64_t root[kLanes];
        int depth = 0;
        for (int i = 0; i < kLanes; i++) {
          const int64_t k = tree + i < end ? tree + i : tree;
          root[i] = rootOf(f, k);
          base[i] = f.nodes + root[i];
          depth = depthOf(f, k) > depth ? depthOf(f, k) : depth;
        }
        descend<T, false>(base, depth, values + r / kLanes * slots, static_cast<int>(r % kLanes), f, places);
        for (int i = 0; i < kLanes && tree + i < end; i++)
          collect<T, kJoin>(f, root[i] + static_cast<int64_t>(places[i]), y + r * down, step);
      }
  }
}

template <class T>
void run(const StepArgs& a) {
  switch (paramsAs<Params>(a).join) {
    case kSum: return walk<T, kSum>(a);
    case kMin: return walk<T, kMin>(a);
    case kMax: return walk<T, kMax>(a);
    default: return walk<T, kReached>(a);
  }
}

AI bool isPower(int64_t n) { return n > 0 && (n & (n - 1)) == 0; }
AI bool table(const Operand& o, Type type, int rank) {
  return present(o) && o.type == type && o.rank == rank && dense(o);
}

template <class T, Type kType>
const char* check(const StepArgs& a, size_t scratchBytes) {
  const Operand &x = a.in[0], &nodes = a.in[1], &roots = a.in[2], &slots = a.in[3], &out = a.out[0];
  const Params& p = paramsAs<Params>(a);
  if (!present(x) || !present(out) || x.type != kType || out.type != kType)
    return "operands must have the kernel's types";
  if (x.rank != 2 || out.rank != 3) return "ranks must be 2 and 3";
  if (!table(nodes, Type::i64, 2) || nodes.dims[1] * 8 != sizeof(Node<T>)) return "nodes must be a table";
  if (!table(roots, Type::i32, 2) || roots.dims[1] != 2) return "roots must be a table";
  if (!table(slots, Type::i32, 1) || !isPower(slots.dims[0]) || slots.dims[0] > (1 << 24))
    return "the number of slots must be a power of two";
  if (!table(a.in[4], Type::i32, 1) || a.in[4].dims[0] != nodes.dims[0]) return "entries must fit the nodes";
  if (!table(a.in[5], Type::i32, 1) || !table(a.in[6], kType, 1) || a.in[5].dims[0] != a.in[6].dims[0])
    return "targets must fit the weights";
  if (!isPower(p.window) || p.window > INT32_MAX || p.window >= nodes.dims[0])
    return "the nodes must reach behind the window";
  if (p.join < kSum || p.join > kReached) return "join must be 0 to 3";
  if (p.chunk < 1 || p.rows < kLanes || p.rows % kLanes != 0) return "rows must be whole lanes";
  if (x.dims[0] != out.dims[1]) return "the output's dims do not fit";
  if (out.dims[0] != (roots.dims[0] + p.chunk - 1) / p.chunk) return "the output must have all chunks";
  if (out.dims[2] < 1) return "there must be a target";
  if (elements(out) < 0) return "too many elements";
  if (static_cast<uint64_t>(p.rows) > scratchBytes / sizeof(T) / static_cast<uint64_t>(slots.dims[0]))
    return "scratch too small";
  const int64_t blocks = (out.dims[1] + p.rows - 1) / p.rows;
  return a.end != static_cast<size_t>(out.dims[0] * blocks) ? "items must be the chunks of all blocks" : nullptr;
}

#define HAIO_ROW(name, T, kType)                                                                              \
  {"trees." name,   "join:i32,chunk:i32,rows:i32,window:i64", sizeof(Params), 7, 7, 1, run<T>, check<T, kType>, \
   nullptr}
HAIO_TABLE(trees, HAIO_ROW("f32", float, Type::f32), HAIO_ROW("f64", double, Type::f64))
#undef HAIO_ROW

}  // namespace
}  // namespace haio::HAIO_ISA::trees
