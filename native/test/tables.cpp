// A few ops made for native tests, and ISAs that exist nowhere: `fast` always usable, `fastplus` its
// feature, `never` not usable on any machine of today.
#include "dispatch/tables.h"

namespace haio {
namespace {

int64_t rows(const Operand& o) {
  int64_t count = 1;
  for (int i = 0; i + 1 < o.rank; i++) count *= o.dims[i];
  return count;
}

// Rank 2, f32, same shape, an item is a row: y = x².
void square(const StepArgs& a) {
  const Operand &x = a.in[0], &y = a.out[0];
  for (size_t r = a.begin; r < a.end; r++) {
    const float* from = static_cast<const float*>(x.data) + static_cast<int64_t>(r) * x.strides[0];
    float* to = static_cast<float*>(y.data) + static_cast<int64_t>(r) * y.strides[0];
    for (int64_t i = 0; i < x.dims[1]; i++) to[i] = from[i] * from[i];
  }
}
const char* checkSquare(const StepArgs& a, size_t) {
  const Operand &x = a.in[0], &y = a.out[0];
  const bool ok = x.rank == 2 && y.rank == 2 && x.type == Type::f32 && y.type == Type::f32 &&
                  x.dims[0] == y.dims[0] && x.dims[1] == y.dims[1] &&
                  (x.dims[1] == 1 || (x.strides[1] == 1 && y.strides[1] == 1));
  if (!ok) return "shapes differ";
  return static_cast<int64_t>(a.end) == rows(x) ? nullptr : "items must be the rows";
}

// Writes its parameters, as f64, to an output of four.
struct Params {
  int32_t axis;
  int64_t wide;
  float epsilon;
  double real;
};
void params(const StepArgs& a) {
  const Params& p = *static_cast<const Params*>(a.params);
  double* out = static_cast<double*>(a.out[0].data);
  out[0] = p.axis;
  out[1] = static_cast<double>(p.wide);
  out[2] = p.epsilon;
  out[3] = p.real;
}
const char* checkParams(const StepArgs& a, size_t) {
  const Operand& y = a.out[0];
  return y.type == Type::f64 && y.rank == 1 && y.dims[0] == 4 && y.strides[0] == 1
             ? nullptr
             : "the output must be four f64";
}

// Reports every item number ≥ 2 as out of range; one i32 an item.
void complain(const StepArgs& a) {
  for (size_t i = a.begin; i < a.end; i++) {
    if (i >= 2) a.report(a.status, 1, static_cast<int64_t>(i));
    static_cast<int32_t*>(a.out[0].data)[i] = 7;
  }
}
const char* checkComplain(const StepArgs& a, size_t) {
  const Operand& y = a.out[0];
  return y.type == Type::i32 && y.rank == 1 && y.strides[0] == 1 && y.dims[0] == static_cast<int64_t>(a.end)
             ? nullptr
             : "one i32 an item";
}

// Writes its item number to its scratch and reports 3 when another worker changes it.
void scratch(const StepArgs& a) {
  volatile int64_t* cell = static_cast<volatile int64_t*>(a.scratch);
  for (size_t i = a.begin; i < a.end; i++) {
    *cell = static_cast<int64_t>(i);
    for (int spin = 0; spin < 100; spin++) {
      if (*cell != static_cast<int64_t>(i)) a.report(a.status, 3, static_cast<int64_t>(i));
    }
  }
}
const char* checkScratch(const StepArgs&, size_t bytes) {
  return bytes >= 8 ? nullptr : "scratch is too small";
}

// A chain over dense f32 of one dimension; every stage computes block by block.
void chain(const StepArgs& a) {
  alignas(64) float slots[16][kBlock];
  float* y = static_cast<float*>(a.out[0].data);
  const size_t n = static_cast<size_t>(a.out[0].dims[0]);
  for (size_t at = 0; at < n; at += kBlock) {
    const size_t count = n - at < kBlock ? n - at : kBlock;
    for (size_t i = 0; i < a.inCount; i++) {
      for (size_t j = 0; j < count; j++) slots[i][j] = static_cast<const float*>(a.in[i].data)[at + j];
    }
    for (size_t s = 0; s < a.stages->count; s++) {
      const Stage& stage = a.stages->list[s];
      const void* args[7];
      for (size_t k = 0; k < stage.argCount; k++) args[k] = slots[stage.args[k]];
      stage.fn(args, slots[a.inCount + s], count, stage.params);
    }
    for (size_t j = 0; j < count; j++) y[at + j] = slots[a.inCount + a.stages->count - 1][j];
  }
}
const char* checkChain(const StepArgs& a, size_t) {
  if (!a.stages || a.inCount + a.stages->count > 16) return "too many slots";
  for (size_t i = 0; i <= a.inCount; i++) {
    const Operand& o = i < a.inCount ? a.in[i] : a.out[0];
    if (o.type != Type::f32 || o.rank != 1 || o.strides[0] != 1 || o.dims[0] != a.out[0].dims[0])
      return "dense f32 of one size";
  }
  return a.end == 1 ? nullptr : "one item";
}
void add(const void* const* args, void* out, size_t n, const void*) {
  for (size_t i = 0; i < n; i++)
    static_cast<float*>(out)[i] =
        static_cast<const float*>(args[0])[i] + static_cast<const float*>(args[1])[i];
}
struct Scale {
  float by;
};
void scale(const void* const* args, void* out, size_t n, const void* p) {
  for (size_t i = 0; i < n; i++)
    static_cast<float*>(out)[i] = static_cast<const float*>(args[0])[i] * static_cast<const Scale*>(p)->by;
}

// Stands for a gemm: only its decoding is tested.
void nothing(const StepArgs&) {}
const char* accept(const StepArgs&, size_t) { return nullptr; }

const OpRow kPortable[] = {
    {"square.f32", "", 0, 1, 1, 1, square, checkSquare, nullptr},
    {"params.f64", "axis:i32,wide:i64,epsilon:f32,real:f64", sizeof(Params), 0, 0, 1, params, checkParams,
     nullptr},
    {"complain.i32", "", 0, 0, 0, 1, complain, checkComplain, nullptr},
    {"scratch.f32", "", 0, 0, 0, 1, scratch, checkScratch, nullptr},
    {"chain.f32", "", 0, 0, 0, 1, chain, checkChain, nullptr},
    {"add.f32", "", 0, 2, 2, 1, nullptr, nullptr, add},
    {"add.f64", "", 0, 2, 2, 1, nullptr, nullptr, add},
    {"scale.f32", "by:f32", sizeof(Scale), 1, 1, 1, nullptr, nullptr, scale},
    {"gemm.f32", "", 0, 2, 3, 1, nothing, accept, nullptr},
    {"wrong.f32", "axis:i32", 8, 1, 1, 1, nothing, accept, nullptr},
};
const OpRow kFast[] = {{"square.f32", "", 0, 1, 1, 1, square, checkSquare, nullptr}};
constexpr OpTable kPortableOps = {kPortable, sizeof kPortable / sizeof *kPortable};
constexpr OpTable kFastOps = {kFast, 1};
const GemmRow kPortableRows[] = {{"slow", Type::f32, Type::f32, Type::f32, 1, 1, 0, nullptr}};
const GemmRow kFastRows[] = {{"quick", Type::f32, Type::f32, Type::f32, 8, 2, 0, nullptr}};
const GemmRow kPlusRows[] = {{"quicker", Type::i8, Type::i8, Type::i32, 8, 2, 0, nullptr}};
constexpr GemmTable kPortableGemm = {kPortableRows, 1}, kFastGemm = {kFastRows, 1},
                    kPlusGemm = {kPlusRows, 1};

#if defined(__x86_64__)
#define NEVER "avx512er"
#else
#define NEVER "poe"
#endif
constexpr Isa kIsas[] = {{"portable", 0, "", "", true},
                         {"fast", 10, "", "", true},
                         {"fastplus", 20, "", "fast", false},
                         {"never", 30, NEVER, "", true}};
constexpr OpTableRef kOps[] = {{"portable", &kPortableOps}, {"fast", &kFastOps}, {"never", &kFastOps}};
constexpr GemmTableRef kGemm[] = {
    {"portable", &kPortableGemm}, {"fast", &kFastGemm}, {"fastplus", &kPlusGemm}};
constexpr Tables kTables = {kIsas, 4, kOps, 3, kGemm, 3};

}  // namespace

const Tables& tables() { return kTables; }

}  // namespace haio
