// Tile registers. The compilers' intrinsics take literal register numbers only, and tell too little
// of the memory that they touch: hence macros and barriers.
#pragma once
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "simd/contract.h"

namespace haio::HAIO_ISA::gemm {
namespace {

enum Kind { kBf16, kUnsigned, kSigned };  // of A; B is bf16 or signed

#define HAIO_TDP(kind, c, a, b)                                        \
  do {                                                                 \
    if constexpr (kind == kBf16) _tile_dpbf16ps(c, a, b);              \
    else if constexpr (kind == kUnsigned) _tile_dpbusd(c, a, b);       \
    else _tile_dpbssd(c, a, b);                                        \
  } while (0)

AI void barrier() { asm volatile("" ::: "memory"); }

// All registers hold rows of 64 bytes: `rows` of them 0…5 (sums and A), 16 those of B, 6 and 7, but for
// `four`: then 0…3 are sums, 4 is A, 5…7 are B.
AI void configure(uint8_t rows, bool four) {
  struct Config {
    uint8_t palette, start, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
  } config = {};
  config.palette = 1;
  for (int t = 0; t < 8; t++) {
    config.bytes[t] = 64;
    config.rows[t] = t < (four ? 5 : 6) ? rows : 16;
  }
  barrier();
  _tile_loadconfig(&config);
  barrier();
}

}  // namespace
}  // namespace haio::HAIO_ISA::gemm
