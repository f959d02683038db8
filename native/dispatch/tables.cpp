// The tables of every ISA and op file, from the tables.inc that CMake wrote.
#include "dispatch/tables.h"

using haio::GemmTable;
using haio::OpTable;

extern "C" {
#define ISA(name, priority, needs, base, width)
#define OPS(isa, file) extern const OpTable haio_op_##isa##_##file;
#define GEMM(isa) extern const GemmTable haio_gemm_##isa;
#include "tables.inc"
#undef ISA
#undef OPS
#undef GEMM
}

namespace haio {
namespace {

// Each list ends in an empty row, so that none is an empty array.
#define OPS(isa, file)
#define GEMM(isa)
#define ISA(name, priority, needs, base, width) {#name, priority, needs, base, width},
constexpr Isa kIsas[] = {
#include "tables.inc"
    {}};
#undef ISA
#undef OPS
#define ISA(name, priority, needs, base, width)
#define OPS(isa, file) {#isa, &haio_op_##isa##_##file},
constexpr OpTableRef kOps[] = {
#include "tables.inc"
    {}};
#undef OPS
#undef GEMM
#define OPS(isa, file)
#define GEMM(isa) {#isa, &haio_gemm_##isa},
constexpr GemmTableRef kGemm[] = {
#include "tables.inc"
    {}};

template <class T, size_t N>
constexpr size_t rows(const T (&)[N]) {
  return N - 1;
}
constexpr Tables kTables = {kIsas, rows(kIsas), kOps, rows(kOps), kGemm, rows(kGemm)};

}  // namespace

const Tables& tables() { return kTables; }

}  // namespace haio
