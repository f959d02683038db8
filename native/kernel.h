// What a kernel is. Plain data, constant-initialised; nothing here runs at load.
//
// This header is shared by baseline and ISA code, so it holds no inline function with a body that
// the linker could merge: only types. Everything an ISA unit defines stands in
// namespace haio::HAIO_ISA::<op>, with internal linkage.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace haio {

// Numbering of DTYPES in lib/tensor/dtype.ts.
enum class Type : uint8_t { f32, f16, bf16, f64, i8, u8, i16, u16, i32, u32, i64, u64, boolean, string };

constexpr int kMaxRank = 8;

// A strided tensor. Strides in elements, never negative; 0 repeats. The innermost dimension is
// contiguous (stride 1, or size 1) unless the kernel's file says "any strides". Outer strides are
// arbitrary for inputs and outputs alike (outputs may be parts of a larger tensor). Rank 0 is a scalar.
struct Operand {
  void* data;  // null: the operand is absent
  Type type;
  uint8_t rank;
  int64_t dims[kMaxRank];
  int64_t strides[kMaxRank];
};

// What only data can get wrong (an index out of range): the first writer wins, by compare-exchange
// of `code` from 0, done by the executor's `report`.
struct Status {
  int32_t code;  // 0 fine, 1 index out of range, 2 integer division by zero, 3 limit
  int32_t step;
  int64_t value;
};
using ReportFn = void (*)(Status*, int32_t code, int64_t value);

// n elements, n ≤ kBlock; args and out are 64-byte aligned blocks of kBlock elements in the stage's
// domain (float, double or int64_t). May compute up to n rounded up to 16: blocks are that long.
// out may be one of args. A broadcast argument has been spread over its block.
constexpr size_t kBlock = 256;
using StageFn = void (*)(const void* const* args, void* out, size_t n, const void* params);

struct Stage {
  StageFn fn;
  const void* params;
  uint8_t argCount;
  uint8_t args[7];  // slots; see lib/ir/step.ts
};
struct Stages {
  const Stage* list;
  size_t count;
  size_t firstOperand;  // index in StepArgs::in of the first operand that belongs to the stages (gemm); 0 in a chain
};

struct GemmRow;

struct StepArgs {
  const Operand* in;
  const Operand* out;
  size_t inCount, outCount;
  const void* params;   // the op's struct Params
  void* scratch;        // this worker's, 64-byte aligned, of the step's scratch size
  const GemmRow* rows;  // gemm rows of the ISA this kernel belongs to and its features, best first
  size_t rowCount;
  const Stages* stages;  // null when there are none
  Status* status;
  ReportFn report;
  size_t begin, end;    // items
  const void* next;     // weights of the following gemm step, to prefetch; or null
  size_t nextBytes;
  const bool* stop;     // becomes true (atomically) when the run is aborted; what is computed then is not used
};

using StepFn = void (*)(const StepArgs&);           // pure: no allocation, no threads, no exceptions
// At decode, once per bound plan, with begin = 0 and end = items: null when every address that
// params, dims, strides, items and scratch imply lies inside the operands; else what is wrong.
// `scratchBytes` is what the plan grants per worker. The decoder has checked each operand's own
// extent against its buffer; check() relates operands, params and items to each other.
using CheckFn = const char* (*)(const StepArgs&, size_t scratchBytes);

struct OpRow {
  const char* name;       // "softmax.f32"
  const char* signature;  // "axis:i32,epsilon:f32", in the order of struct Params; "" when none
  size_t paramsBytes;     // sizeof(Params); natural C layout of the signature's types i32, i64, f32, f64
  uint8_t minInputs, maxInputs, outputs;  // stage rows: argument count in minInputs
  StepFn run;             // null for pure stages
  CheckFn check;          // never null where run is there
  StageFn stage;          // null where it is no stage
};
struct OpTable {
  const OpRow* rows;
  size_t count;
};

// One gemm micro-kernel. Panels of 16 columns (lines of 64 bytes), see gemm/panels.h. `acc` is the type
// of the sums. A row with an `end` has it called after its last tile of a StepFn call.
struct MicroArgs;
using MicroFn = void (*)(const MicroArgs&);
using EndFn = void (*)();
struct GemmRow {
  const char* name;  // "f32_14x32"
  Type a, b, acc;
  uint8_t mr;      // largest number of rows
  uint8_t panels;  // panels side by side
  uint32_t speed;  // of rows for the same types, only those of the highest speed are considered
  MicroFn fn;
  EndFn end = nullptr;
};
struct GemmTable {
  const GemmRow* rows;
  size_t count;
};

struct Isa {
  const char* name;
  int priority;
  const char* needs;  // space-separated names of features.inc
  const char* base;   // "" or the ISA it extends
  bool width;         // compiles all ops; feature ISAs only add gemm rows
};

}  // namespace haio

// The table of one op file: HAIO_TABLE(softmax, row, row…) defines haio_op_<isa>_softmax.
#define HAIO_CAT2(a, b, c) haio_op_##a##_##b
#define HAIO_CAT(a, b) HAIO_CAT2(a, b, )
#define HAIO_TABLE(file, ...)                                                                     \
  static const ::haio::OpRow kRows[] = {__VA_ARGS__};                                             \
  extern "C" __attribute__((visibility("hidden"))) const ::haio::OpTable HAIO_CAT(HAIO_ISA, file);        \
  extern "C" const ::haio::OpTable HAIO_CAT(HAIO_ISA, file) = {kRows, sizeof kRows / sizeof kRows[0]};
