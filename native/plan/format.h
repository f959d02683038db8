// The bound plan's words: mirrors lib/plan/format.ts, where the layout is described. And its limits:
// whatever a plan says, sizes and products of sizes stay far from overflow.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace haio::format {

constexpr int64_t kMagic = 0x4841494f;
constexpr int64_t kVersion = 1;
enum Header {
  magic,
  version,
  words,
  arenaBytes,
  scratchBytes,
  kernels,
  inputs,
  outputs,
  buffers,
  records,
  kHeaderWords
};
enum RecordKind { step, ifElse, loop };
enum PlaceKind { absent, arena, weight, input, output, window };

constexpr int64_t kMaxInteger = int64_t{1} << 53;
constexpr int64_t kMaxBytes = int64_t{1} << 46;     // of the arena, an input, an output
constexpr int64_t kMaxScratch = int64_t{1} << 30;   // per worker
constexpr int64_t kMaxElements = int64_t{1} << 40;  // of an operand; also of one size, stride, or items
constexpr int64_t kMaxWords = int64_t{1} << 24;
constexpr int64_t kMaxPorts = 1 << 16;  // inputs, outputs
constexpr int64_t kMaxBuffers = 1 << 20;
constexpr int64_t kMaxKernels = 1 << 16;
constexpr int64_t kMaxOperands = 255;  // inputs, or outputs, of a step
constexpr int64_t kMaxStages = 256;    // of a step
constexpr int64_t kMaxParams = 64;     // of a kernel
constexpr int kMaxNesting = 32;        // of records
constexpr int64_t kMaxTrips = int64_t{1} << 40;  // of a loop
constexpr int64_t kMaxWindows = 1 << 16;         // of a loop

}  // namespace haio::format
