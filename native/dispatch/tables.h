// What the build found: plain tables, no choice.
#pragma once
#include "kernel.h"

namespace haio {

struct OpTableRef {
  const char* isa;
  const OpTable* table;
};
struct GemmTableRef {
  const char* isa;
  const GemmTable* table;
};

// One program has one set: dispatch/tables.cpp for the addon, test/tables.cpp for native tests.
struct Tables {
  const Isa* isas;
  size_t isaCount;
  const OpTableRef* ops;
  size_t opCount;
  const GemmTableRef* gemm;
  size_t gemmCount;
};
const Tables& tables();

}  // namespace haio
