// The stages of a gemm-like step: element-wise operations on a finished tile while it is hot.
#pragma once
#include "gemm/panels.h"
#include "kernel.h"
#include "simd/convert.h"
#include "vec.h"

namespace haio::HAIO_ISA::gemm {
namespace {

constexpr size_t kMaxStages = 32, kMaxStageOperands = 16;

// One operand of the stages, seen from the tile: element (row, column) is at data[row·row + column·column].
struct StageOperand {
  const void* data;
  int64_t row, column;
  Type type = Type::f32;
  const char* at(int64_t r) const {
    return static_cast<const char*>(data) + r * row * static_cast<int64_t>(widthOf(type));
  }
};

// Bytes of scratch that the stages of a step need.
inline size_t stageBytes(const Stages* s, size_t operands) {
  return s ? (operands + s->count) * kBlock * sizeof(float) : 0;
}

// Null when the stages are well-formed over one tile and `operands` operands, else what is wrong.
inline const char* checkStages(const Stages* s, size_t operands) {
  if (!s) return operands ? "operands without stages" : nullptr;
  if (s->count == 0 || s->count > kMaxStages || operands > kMaxStageOperands) return "number of stages";
  for (size_t i = 0; i < s->count; i++) {
    const Stage& stage = s->list[i];
    if (!stage.fn || stage.argCount > sizeof stage.args) return "stage without function";
    for (int j = 0; j < stage.argCount; j++)
      if (stage.args[j] >= 1 + operands + i) return "stage uses a later slot";
  }
  return nullptr;
}

// Columns that a tile of `rows` rows has for the stages: those of its panels, or only its own ones where
// they are few and so fill the vectors better. Vectors at the end of a narrow row run into the next one.
inline int64_t stageWidth(int64_t rows, int64_t columns, int64_t panels) {
  const bool narrow = columns < kPanel && rows * columns + kPanel <= static_cast<int64_t>(kBlock);
  return narrow ? columns : panels * kPanel;
}

// n values of one row of an operand, from column 0 on; zeros up to `width`, and maybe up to a vector's end.
inline void loadRow(float* to, const float* from, int64_t step, int64_t n, int64_t width) {
  constexpr int64_t N = F32::N;
  if (step == 1) {
    for (int64_t i = 0; i < width; i += N)
      store(to + i,
            i + N <= n ? load(from + i) : load(from + smaller(i, n), static_cast<size_t>(larger(n - i, 0))));
  } else if (step == 0) {
    for (int64_t i = 0; i < width; i += N) store(to + i, set1(*from));
  } else {
    for (int64_t i = 0; i < width; i++) to[i] = i < n ? from[i * step] : 0.f;
  }
}

// The same of an operand of any type.
inline void loadRow(float* to, const StageOperand& o, int64_t r, int64_t n, int64_t width) {
  const char* from = o.at(r);
  if (o.type == Type::f32) return loadRow(to, reinterpret_cast<const float*>(from), o.column, n, width);
  const int64_t step = o.column * static_cast<int64_t>(widthOf(o.type));
  if (o.column == 1) {
    loadBlock(o.type, from, static_cast<size_t>(n), to);
  } else if (o.column == 0) {
    float value;
    loadBlock(o.type, from, 1, &value);
    for (int64_t i = 0; i < n; i++) to[i] = value;
  } else {
    for (int64_t i = 0; i < n; i++) loadBlock(o.type, from + i * step, 1, to + i);
  }
  for (int64_t i = n; i < width; i++) to[i] = 0.f;
}

// Copies n floats, reading and writing nothing else.
inline void copyRow(float* to, const float* from, int64_t n) {
  constexpr int64_t N = F32::N;
  int64_t i = 0;
  for (; i + N <= n; i += N) store(to + i, load(from + i));
  if (i < n) store(to + i, load(from + i, static_cast<size_t>(n - i)), static_cast<size_t>(n - i));
}

// What the blocks of operands that are the same for all rows hold, so that they are filled only once
// for tiles one below the other.
struct FilledBlocks {
  const void* data[kMaxStageOperands] = {};
  int64_t width = 0, columns = 0;
};

// Runs the stages on a tile of rows × columns and stores the result. The tile is 64-byte aligned and
// `width` wide (see stageWidth, ≤ kBlock); what lies beyond its columns is computed but not stored.
// `blocks` has stageBytes, 64-byte aligned; `filled` belongs to them.
inline void runStages(const Stages& s, const StageOperand* operands, size_t operandCount, const float* tile,
                      int64_t width, int64_t rows, int64_t columns, void* out, int64_t outRow, Type outType,
                      float* blocks, FilledBlocks& filled) {
  const void* slots[1 + kMaxStageOperands + kMaxStages];
  for (size_t i = 0; i < operandCount + s.count; i++) slots[1 + i] = blocks + i * kBlock;
  const int64_t room = static_cast<int64_t>(kBlock) - (width < kPanel ? kPanel : 0), step = room / width;
  const bool same = filled.width == width && filled.columns == columns;
  filled.width = width;
  filled.columns = columns;
  for (size_t j = 0; j < operandCount; j++) {
    const StageOperand& o = operands[j];
    const void* known = o.row == 0 ? o.data : nullptr;
    if (known && same && filled.data[j] == known) continue;
    filled.data[j] = known;
    for (int64_t r = 0; known && r < step; r++)
      loadRow(blocks + j * kBlock + r * width, o, 0, columns, width);
  }
  for (int64_t r0 = 0; r0 < rows; r0 += step) {
    const int64_t n = smaller(step, rows - r0);
    slots[0] = tile + r0 * width;
    for (size_t j = 0; j < operandCount; j++)
      for (int64_t r = 0; !filled.data[j] && r < n; r++)
        loadRow(blocks + j * kBlock + r * width, operands[j], r0 + r, columns, width);
    for (size_t i = 0; i < s.count; i++) {
      const Stage& stage = s.list[i];
      const void* args[sizeof stage.args];
      for (int j = 0; j < stage.argCount; j++) args[j] = slots[stage.args[j]];
      stage.fn(args, blocks + (operandCount + i) * kBlock, static_cast<size_t>(n * width), stage.params);
    }
    const float* result = blocks + (operandCount + s.count - 1) * kBlock;
    if (outType != Type::f32) {
      const int64_t bytes = static_cast<int64_t>(widthOf(outType));
      for (int64_t r = 0; r < n; r++)
        storeBlock(outType, result + r * width, static_cast<size_t>(columns),
                   static_cast<char*>(out) + (r0 + r) * outRow * bytes);
    } else if (columns == width && outRow == width) {
      copyRow(static_cast<float*>(out) + r0 * width, result, n * width);
    } else {
      for (int64_t r = 0; r < n; r++)
        copyRow(static_cast<float*>(out) + (r0 + r) * outRow, result + r * width, columns);
    }
  }
}

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
