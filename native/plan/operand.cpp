#include "plan/operand.h"

#include <algorithm>

#include "plan/format.h"

namespace haio {
namespace {

constexpr struct {
  const char* name;
  size_t bytes;
} kTypes[] = {{"float32", 4}, {"float16", 2}, {"bfloat16", 2}, {"float64", 8}, {"int8", 1},
              {"uint8", 1},   {"int16", 2},   {"uint16", 2},   {"int32", 4},   {"uint32", 4},
              {"int64", 8},   {"uint64", 8},  {"bool", 1},     {"string", 0}};

struct Axis {
  int64_t stride;  // in bytes
  int64_t last;    // largest index
};

// An operand as runs of `run` contiguous bytes, placed along axes of more than one element, smallest
// stride first.
struct Runs {
  int64_t run;
  Axis axes[kMaxRank];
  int count;
};

Runs runsOf(const Operand& o) {
  const int64_t size = static_cast<int64_t>(typeBytes(o.type));
  Runs out = {size, {}, 0};
  for (int i = 0; i < o.rank; i++) {
    if (o.dims[i] > 1) out.axes[out.count++] = {o.strides[i] * size, o.dims[i] - 1};
  }
  std::sort(out.axes, out.axes + out.count, [](const Axis& a, const Axis& b) { return a.stride < b.stride; });
  int inner = 0;
  while (inner < out.count && out.axes[inner].stride == out.run)
    out.run += out.axes[inner].last * out.axes[inner].stride, inner++;
  std::copy(out.axes + inner, out.axes + out.count, out.axes);
  out.count -= inner;
  return out;
}

// Largest index along all axes of this stride together.
int64_t lastAlong(const Runs& runs, int64_t stride) {
  int64_t last = 0;
  for (int i = 0; i < runs.count; i++) {
    if (runs.axes[i].stride == stride) last += runs.axes[i].last;
  }
  return last;
}

}  // namespace

size_t typeBytes(Type type) { return kTypes[static_cast<size_t>(type)].bytes; }
const char* typeName(Type type) { return kTypes[static_cast<size_t>(type)].name; }

int64_t elementCount(const Operand& o) {
  int64_t count = 1;
  for (int i = 0; i < o.rank; i++) {
    if (o.dims[i] == 0) return 0;
  }
  for (int i = 0; i < o.rank; i++) {
    if (o.dims[i] > format::kMaxElements / count) return format::kMaxElements + 1;
    count *= o.dims[i];
  }
  return count;
}

int64_t extentBytes(const Operand& o) {
  int64_t last = 0;
  for (int i = 0; i < o.rank; i++) {
    if (o.dims[i] == 0) return 0;
  }
  for (int i = 0; i < o.rank; i++) {
    int64_t span;
    if (__builtin_mul_overflow(o.dims[i] - 1, o.strides[i], &span)) return -1;
    if (__builtin_add_overflow(last, span, &last) || last > format::kMaxBytes) return -1;
  }
  return (last + 1) * static_cast<int64_t>(typeBytes(o.type));
}

bool distinctElements(const Operand& o) {
  if (elementCount(o) == 0) return true;
  const Runs runs = runsOf(o);
  int64_t end = runs.run;  // of what the inner axes cover
  for (int i = 0; i < runs.count; i++) {
    if (runs.axes[i].stride < end) return false;
    end += runs.axes[i].last * runs.axes[i].stride;
  }
  return true;
}

bool sameGeometry(const Operand& a, const Operand& b) {
  if (typeBytes(a.type) != typeBytes(b.type)) return false;
  int j = 0;
  for (int i = 0; i < a.rank; i++) {
    if (a.dims[i] == 1) continue;
    while (j < b.rank && b.dims[j] == 1) j++;
    if (j == b.rank || a.dims[i] != b.dims[j] || a.strides[i] != b.strides[j]) return false;
    j++;
  }
  while (j < b.rank && b.dims[j] == 1) j++;
  return j == b.rank;
}

// Writes the distance between the starts in the mixed radix of all strides. Where, at each stride,
// what the smaller ones cover ends before the stride itself, an address has one set of digits; then
// two boxes are disjoint as soon as their ranges are disjoint in one digit.
bool disjoint(const Operand& a, size_t aStart, const Operand& b, size_t bStart) {
  if (aStart > bStart) return disjoint(b, bStart, a, aStart);
  const int64_t aExtent = extentBytes(a), bExtent = extentBytes(b);
  if (aExtent == 0 || bExtent == 0) return true;
  int64_t distance = static_cast<int64_t>(bStart - aStart);
  if (distance >= aExtent) return true;

  const Runs aRuns = runsOf(a), bRuns = runsOf(b);
  int64_t strides[2 * kMaxRank];
  int count = 0;
  for (int i = 0; i < aRuns.count; i++) strides[count++] = aRuns.axes[i].stride;
  for (int i = 0; i < bRuns.count; i++) strides[count++] = bRuns.axes[i].stride;
  std::sort(strides, strides + count);
  count = static_cast<int>(std::unique(strides, strides + count) - strides);

  int64_t start[2 * kMaxRank];  // b's first digit at each stride; a's is 0
  for (int i = count - 1; i >= 0; i--) {
    start[i] = strides[i] > 0 ? distance / strides[i] : 0;
    distance -= start[i] * strides[i];
  }
  // The lowest digit is the byte inside a run.
  bool apart = distance >= aRuns.run;
  int64_t end = std::max(aRuns.run, distance + bRuns.run);
  for (int i = 0; i < count; i++) {
    if (strides[i] == 0) continue;  // repeats the same elements
    if (strides[i] < end) return false;
    const int64_t aLast = lastAlong(aRuns, strides[i]);
    const int64_t bLast = start[i] + lastAlong(bRuns, strides[i]);
    apart = apart || aLast < start[i];
    end += std::max(aLast, bLast) * strides[i];
  }
  return apart;
}

}  // namespace haio
