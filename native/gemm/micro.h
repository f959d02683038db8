// What a gemm micro-kernel is called with.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace haio {

// One tile, a batch-reduce:
//
//   C[r, n] = clamp(addend[r, n] + bias[n] + Σ_t Σ_k A[r·rowStride + taps[t] + k] · B[t·kPerTap + k, n])
//
// for r < rows ≤ mr and n < columns ≤ 16·panels of the row. Strides and taps count elements of their
// own matrix. B is `panels` panels (gemm/panels.h), panelStride elements apart, of tapCount·kPerTap
// lines each. C may be the addend. Reads of A, addend and bias and writes of C stay within rows and
// columns; B is read whole lines.
struct MicroArgs {
  const void* a;
  ptrdiff_t rowStride;
  const ptrdiff_t* taps;
  size_t rows, tapCount, kPerTap;
  const void* b;
  ptrdiff_t panelStride;
  void* c;
  ptrdiff_t cStride;
  size_t columns;
  const void* addend;  // or null
  ptrdiff_t addendStride;
  const void* bias;  // of 16·panels columns, of which `columns` are read; or null
  bool clamp;
  float lo, hi;
  // 16- and 8-bit rows (gemm/narrow.h): C is a block of floats or int32 of whole panels, the addend null
  // or C, without bias and clamp; kPerTap is a multiple of a k-step. `state` is 64 bytes that are
  // zero before a StepFn call's first tile; `sums` the int32 sums of B's columns (8 bits).
  void* state;
  const int32_t* sums;
  // Lines of 64 bytes to fetch into L2 meanwhile, the ones from nextLine on of a run of nextRun lines
  // that starts at `next`; null: none. See fetchOffset in ukernel_float.h for their order. 16- and 8-bit
  // rows: as many again from nextRun lines further on.
  const void* next;
  size_t nextLine, nextLines, nextRun;
};

}  // namespace haio
