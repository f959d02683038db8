// The panel format of a right-hand side B[K, N], f32.
//
// A panel is 16 columns: K lines of 64 bytes, line k holding B[k, 16p … 16p+15], columns from N on zero.
// K is cut into blocks; the order in memory is [block][panel][line], so the whole takes K·panels·16
// floats whatever the blocks are. A block is `block` lines; blocks restart at every multiple of
// `period` (a gemm with taps needs blocks of whole taps, or parts of one). Several matrices (batches,
// groups) follow each other.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace haio::HAIO_ISA::gemm {
namespace {

constexpr int64_t kPanel = 16;  // columns of a panel, floats of a line

inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
inline int64_t panelsOf(int64_t n) { return ceilDiv(n, kPanel); }

// The blocks of K lines; 1 ≤ block ≤ period.
struct KBlocks {
  int64_t k, period, block, perPeriod;
  KBlocks(int64_t lines, int64_t periodLines, int64_t blockLines)
      : k(lines), period(periodLines), block(blockLines), perPeriod(ceilDiv(periodLines, blockLines)) {}
  int64_t count() const { return k / period * perPeriod + ceilDiv(k % period, block); }
  int64_t start(int64_t b) const { return b / perPeriod * period + b % perPeriod * block; }
  int64_t end(int64_t b) const { return smaller(k, smaller(start(b) + block, (b / perPeriod + 1) * period)); }
};

// Where panel p of a block of lines k0…k1−1 starts, in floats.
inline int64_t panelAt(int64_t k0, int64_t k1, int64_t panels, int64_t p) {
  return (k0 * panels + p * (k1 - k0)) * kPanel;
}

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
