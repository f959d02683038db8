// What the attention kernels share: parameters, checks, and the running softmax of rows of scores.
#pragma once
#include "gemm/rows.h"
#include "simd/loops.h"
#include "simd/math.h"

namespace haio::HAIO_ISA::attention {
namespace {
using gemm::Choice, gemm::ceilDiv, gemm::choose, gemm::kPanel, gemm::larger, gemm::panelsOf, gemm::smaller,
    gemm::EvenTiles;

struct Params {
  float scale;
  int32_t causal;
  int64_t rowBlock, keyBlock;
};
constexpr const char* kSignature = "scale:f32,causal:i32,rowBlock:i64,keyBlock:i64";
constexpr int kQ = 0, kK = 1, kV = 2, kMask = 3;

inline int64_t padded(int64_t n) { return panelsOf(n) * kPanel; }

// The operands, and the state of the rows of an item: their greatest score so far, the sum of their
// exponentials, and sums of values weighed by these.
struct Rows {
  const StepArgs& a;
  const Params& p;
  const Operand &q, &k, &v, &mask, &out;
  const int64_t heads, share, lq, lk, d, e;
  float *maskRow, *sums, *most, *total;

  explicit Rows(const StepArgs& s)
      : a(s),
        p(*static_cast<const Params*>(s.params)),
        q(s.in[kQ]),
        k(s.in[kK]),
        v(s.in[kV]),
        mask(s.in[kMask]),
        out(s.out[0]),
        heads(q.dims[1]),
        share(heads / k.dims[1]),
        lq(q.dims[2]),
        lk(k.dims[2]),
        d(q.dims[3]),
        e(v.dims[3]) {}

  // Keys that row i sees.
  int64_t seen(int64_t i) const { return p.causal ? larger(0, smaller(lk, i + 1 + lk - lq)) : lk; }

  // x[j] = scale · s[j] + bias[j] of a row, for `lanes` keys from j on.
  template <bool kWhole>
  [[gnu::always_inline]] F32 score(const float* s, const float* bias, int64_t j, size_t lanes) const {
    const F32 x = kWhole ? load(s + j) : load(s + j, lanes);
    if (!bias) return x * set1(p.scale);
    return fma(x, set1(p.scale), kWhole ? load(bias + j) : load(bias + j, lanes));
  }

  // Row i of a head: scores of n keys from key j0 on, of which it sees the first `limit`, become
  // exponentials, and the row's sums so far are rescaled to the new maximum. put(j, x, lanes) takes those
  // from key j on.
  template <class Put>
  void weigh(const float* s, int64_t limit, const float* bias, int64_t row, Put put) {
    constexpr int64_t N = F32::N;
    const size_t rest = static_cast<size_t>(limit % N);
    const int64_t whole = limit - limit % N;
    F32 tops[2] = {set1(-kInf), set1(-kInf)};
    int64_t j = 0;
    for (; j + 2 * N <= whole; j += 2 * N)
      for (int t = 0; t < 2; t++) tops[t] = max(tops[t], score<true>(s, bias, j + t * N, N));
    for (; j < whole; j += N) tops[0] = max(tops[0], score<true>(s, bias, j, N));
    if (rest) tops[1] = max(tops[1], select(firstN(rest), score<false>(s, bias, whole, rest), set1(-kInf)));
    const float before = most[row], top = reduceMax(max(tops[0], tops[1]));
    const float now = before > top ? before : top;
    most[row] = now;
    const F32 zero = set1(now == -kInf ? 0.f : now);
    F32 sum = set1(0.f);
    for (j = 0; j < whole; j += N) {
      const F32 x = expOfNegative(score<true>(s, bias, j, N) - zero);
      sum = sum + x;
      put(j, x, N);
    }
    if (rest) {
      const F32 x = select(firstN(rest), expOfNegative(score<false>(s, bias, whole, rest) - zero), set1(0.f));
      sum = sum + x;
      put(whole, x, rest);
    }
    if (before != now && before != -kInf) {
      float correction[N];
      store(correction, expOfNegative(set1(before) - zero));
      total[row] *= correction[0];
      float* acc = sums + row * padded(e);
      map(acc, acc, static_cast<size_t>(padded(e)), [&](F32 x) { return x * correction[0]; });
    }
    total[row] += reduceAdd(sum);
  }

  // n values of the mask of (b, h, i) from key j on, or null.
  const float* maskOf(int64_t b, int64_t h, int64_t i, int64_t j, int64_t n) {
    if (!mask.data) return nullptr;
    const int64_t step = mask.strides[3];
    const float* from = static_cast<const float*>(mask.data) + b * mask.strides[0] + h * mask.strides[1] +
                        i * mask.strides[2] + j * step;
    if (step == 1) return from;
    for (int64_t x = 0; x < n; x++) maskRow[x] = from[x * step];
    return maskRow;
  }
};

// `half`: q, k, v and the output may be of that type too.
inline const char* checkAttention(const StepArgs& a, Type half) {
  const Operand &q = a.in[kQ], &k = a.in[kK], &v = a.in[kV], &mask = a.in[kMask], &out = a.out[0];
  const Operand* all[] = {&q, &k, &v, &out, &mask};
  for (const Operand* o : all) {
    if (!o->data && o != &mask) return "operand missing";
    if (!o->data) continue;
    if ((o->type != Type::f32 && (o->type != half || o == &mask)) || o->rank != 4)
      return "operands must be of the kernel's types and rank 4";
    for (int i = 0; i < 4; i++)
      if (o->dims[i] > INT32_MAX) return "sizes are out of range";
    if (o != &mask && o->dims[3] > 1 && o->strides[3] != 1) return "inner dimension is not contiguous";
  }
  for (int i = 0; i < 3; i++) {
    if (out.dims[i] != q.dims[i]) return "dims of q and output differ";
    if (v.dims[i] != k.dims[i]) return "dims of k and v differ";
    if (mask.data && mask.dims[i] != q.dims[i]) return "mask";
  }
  if (k.dims[0] != q.dims[0] || k.dims[3] != q.dims[3] || out.dims[3] != v.dims[3]) return "dims do not fit";
  if (mask.data && mask.dims[3] != k.dims[2]) return "mask";
  if (k.dims[1] < 1 || q.dims[1] % k.dims[1] != 0) return "heads";
  for (int i = 0; i < 4; i++)
    if (out.dims[i] > 1 && out.strides[i] == 0) return "output repeats";
  const Params& p = *static_cast<const Params*>(a.params);
  constexpr int64_t most = int64_t(1) << 24;
  if (p.rowBlock < 1 || p.rowBlock > most || p.keyBlock < 1 || p.keyBlock > most) return "blocks";
  if (k.dims[3] > most || v.dims[3] > most) return "sizes are out of range";
  // three factors below 2^31: the first two cannot overflow
  const int64_t heads = q.dims[0] * q.dims[1], blocks = ceilDiv(q.dims[2], p.rowBlock);
  if (blocks > 0 && heads > (int64_t(1) << 47) / blocks) return "too many items";
  return a.end > static_cast<size_t>(heads * blocks) ? "number of items" : nullptr;
}

}  // namespace
}  // namespace haio::HAIO_ISA::attention
