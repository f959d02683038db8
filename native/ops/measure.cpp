// What this core can do, for the hardware profile; no model uses these.
//
// measure_fma.f32: an item keeps fused multiply-adds in flight for `rounds` rounds and writes the number
// of its floating-point operations. measure_read.f32: an item reads its line of the input `rounds`
// times and writes a sum of it. Items are the elements of the output.
#include "simd/loops.h"

namespace haio::HAIO_ISA::measure {
namespace {

struct Params {
  int64_t rounds;
};
constexpr int64_t kMaxRounds = 1 << 16;
constexpr int64_t kMaxRead = int64_t{1} << 28;  // elements that an item reads
// independent sums: enough to hide the latency of two pipes, few enough for 16 registers
constexpr int kSums = 12;

void runFma(const StepArgs& a) {
  const int64_t rounds = static_cast<const Params*>(a.params)->rounds;
  float* out = static_cast<float*>(a.out[0].data);
  for (size_t item = a.begin; item < a.end; item++) {
    const F32 x = set1(0.5f), y = set1(static_cast<float>(item) + 1.f);
    F32 sums[kSums];
#pragma GCC unroll 12
    for (int i = 0; i < kSums; i++) sums[i] = set1(static_cast<float>(i));
    for (int64_t r = 0; r < rounds; r++) {
#pragma GCC unroll 12
      for (int i = 0; i < kSums; i++) sums[i] = fma(sums[i], x, y);
    }
    F32 all = sums[0];
    for (int i = 1; i < kSums; i++) all = min(all, sums[i]);
    const float done = static_cast<float>(2 * kSums * static_cast<int64_t>(F32::N) * rounds);
    out[item] = reduceMin(all) < 0.f ? 0.f : done;
  }
}

void runRead(const StepArgs& a) {
  const Operand& in = a.in[0];
  float* out = static_cast<float*>(a.out[0].data);
  const int64_t n = in.dims[1], rounds = static_cast<const Params*>(a.params)->rounds;
  for (size_t item = a.begin; item < a.end; item++) {
    const float* line = static_cast<const float*>(in.data) + static_cast<int64_t>(item) * in.strides[0];
    F32 s0 = set1(0.f), s1 = s0, s2 = s0, s3 = s0;
    constexpr int64_t kStep = 4 * F32::N;
    for (int64_t r = 0; r < rounds; r++) {
      for (int64_t i = 0; i + kStep <= n; i += kStep) {
        s0 = s0 + load(line + i);
        s1 = s1 + load(line + i + F32::N);
        s2 = s2 + load(line + i + 2 * F32::N);
        s3 = s3 + load(line + i + 3 * F32::N);
      }
    }
    float sum = reduceAdd((s0 + s1) + (s2 + s3));
    for (int64_t i = n / kStep * kStep; i < n; i++) sum += line[i];
    out[item] = sum;
  }
}

bool isVector(const Operand& o) { return o.data && o.type == Type::f32 && o.rank == 1 && o.strides[0] == 1; }
bool countsItems(const StepArgs& a) { return a.end == static_cast<size_t>(a.out[0].dims[0]); }

bool fewRounds(const StepArgs& a) {
  const int64_t rounds = static_cast<const Params*>(a.params)->rounds;
  return rounds >= 0 && rounds <= kMaxRounds;
}

const char* checkFma(const StepArgs& a, size_t) {
  if (!isVector(a.out[0])) return "the output must be a dense float32 vector";
  if (!fewRounds(a)) return "rounds out of range";
  return countsItems(a) ? nullptr : "items must be the output's elements";
}

const char* checkRead(const StepArgs& a, size_t) {
  const Operand& in = a.in[0];
  if (!isVector(a.out[0])) return "the output must be a dense float32 vector";
  if (!in.data || in.type != Type::f32 || in.rank != 2 || in.strides[1] != 1 ||
      in.dims[0] != a.out[0].dims[0]) {
    return "the input must be float32 lines, one for each element of the output";
  }
  const int64_t rounds = static_cast<const Params*>(a.params)->rounds;
  if (!fewRounds(a) || (in.dims[1] > 0 && rounds > kMaxRead / in.dims[1])) return "rounds out of range";
  return countsItems(a) ? nullptr : "items must be the output's elements";
}

}  // namespace

HAIO_TABLE(measure, {"measure_fma.f32", "rounds:i64", sizeof(Params), 0, 0, 1, runFma, checkFma, nullptr},
           {"measure_read.f32", "rounds:i64", sizeof(Params), 1, 1, 1, runRead, checkRead, nullptr})

}  // namespace haio::HAIO_ISA::measure
