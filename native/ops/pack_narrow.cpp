// pack.bf16, pack.i8: B[g…, t…, K, N] with any strides → panels [g…, elements] (gemm/narrow_panels.h), the
// lines of a matrix in the order of (t…, k). The output's first axes are g…. An item is one panel of
// one matrix. pack.bf16 takes f32, rounded to nearest even, or bf16. pack.i8 takes i8 or u8, and the zero
// points [g…, N] of the same type, any strides, or none.
#include "gemm/narrow_shape.h"
#include "simd/convert.h"

namespace haio::HAIO_ISA::pack_narrow {
namespace {
using namespace gemm;

struct Matrix {
  int groupAxes;
  int64_t groups, k, perTap, panels, n;
  explicit Matrix(const StepArgs& a) {
    const Operand& in = a.in[0];
    groupAxes = a.out[0].rank - 1;
    groups = productOf(in, 0, groupAxes);
    perTap = in.dims[in.rank - 2];
    k = productOf(in, groupAxes, in.rank - 1);
    n = in.dims[in.rank - 1];
    panels = panelsOf(n);
  }
};

AI uint16_t element(float x) {
  uint32_t b;
  memcpy(&b, &x, 4);
  if (x != x) return 0x7fc0;
  return static_cast<uint16_t>((b + 0x7fff + (b >> 16 & 1)) >> 16);
}
AI uint16_t element(uint16_t x) { return x; }

AI I32 pairs(const float* even, const float* odd, size_t n) {
  const F32 x = load(even, n), y = load(odd, n);
  const I32 b = bits(x), c = bits(y), nan = 0x7fc00000;
  const I32 low = select(x != x, nan, b + 0x7fff + (shr<16>(b) & 1));
  const I32 high = select(y != y, nan, c + 0x7fff + (shr<16>(c) & 1));
  return shr<16>(low) | (high & static_cast<int32_t>(0xffff0000));
}

// Element (k, column) of a panel stands at this place.
template <class F>
AI int64_t place(int64_t k, int64_t column) {
  return (k / F::kGroup * kPanel + column) * F::kGroup + k % F::kGroup;
}

// `count` k of one tap that start at k0 of the matrix.
template <class F, class T, class Map>
void packTap(typename F::B* to, int64_t k0, const T* from, int64_t count, int64_t kStep, int64_t n, int64_t nStep,
             Map map) {
  constexpr int64_t kStrip = 64;
  for (int64_t s = 0; s < count; s += kStrip)
    for (int64_t c = 0; c < n; c++)
      for (int64_t i = s; i < smaller(count, s + kStrip); i++)
        to[place<F>(k0 + i, c)] = map(from[i * kStep + c * nStep]);
}

template <class F>
typename F::B* panelOf(const StepArgs& a, const Matrix& m, int64_t group, int64_t panel) {
  const int64_t k = paddedK<F>(m.k);
  auto* to = static_cast<typename F::B*>(a.out[0].data) + offsetOf(a.out[0], 0, m.groupAxes, group) + panel * k * kPanel;
  memset(to, 0, static_cast<size_t>(k * kPanel) * sizeof *to);
  return to;
}

template <class T>
void packHalves(const StepArgs& a) {
  const Operand& in = a.in[0];
  const Matrix m(a);
  const int64_t kStep = in.strides[in.rank - 2], nStep = in.strides[in.rank - 1];
  for (size_t item = a.begin; item < a.end; item++) {
    const int64_t group = static_cast<int64_t>(item) / m.panels, panel = static_cast<int64_t>(item) % m.panels;
    const T* from = static_cast<const T*>(in.data) + offsetOf(in, 0, m.groupAxes, group) + panel * kPanel * nStep;
    uint16_t* to = panelOf<Bf16>(a, m, group, panel);
    const int64_t n = smaller(kPanel, m.n - panel * kPanel);
    for (int64_t k = 0; k < m.k; k += m.perTap) {
      const T* tap = from + offsetOf(in, m.groupAxes, in.rank - 2, k / m.perTap);
      if constexpr (sizeof(T) == 4) {
        if (nStep == 1 && m.perTap % 2 == 0) {
          for (int64_t i = 0; i < m.perTap; i += 2)
            for (int64_t c = 0; c < n; c += I32::N) {
              const size_t lanes = static_cast<size_t>(smaller(I32::N, n - c));
              store(reinterpret_cast<int32_t*>(to + place<Bf16>(k + i, c)),
                    pairs(tap + i * kStep + c, tap + (i + 1) * kStep + c, lanes), lanes);
            }
          continue;
        }
      }
      packTap<Bf16>(to, k, tap, m.perTap, kStep, n, nStep, [](T x) { return element(x); });
    }
  }
}

// `flip` is 128 where unsigned elements become signed ones.
template <class T>
void packBytes(const StepArgs& a, int32_t flip) {
  const Operand &in = a.in[0], &zero = a.in[1];
  const Matrix m(a);
  const int64_t kStep = in.strides[in.rank - 2], nStep = in.strides[in.rank - 1], k = paddedK<Int8>(m.k);
  for (size_t item = a.begin; item < a.end; item++) {
    const int64_t group = static_cast<int64_t>(item) / m.panels, panel = static_cast<int64_t>(item) % m.panels;
    const T* from = static_cast<const T*>(in.data) + offsetOf(in, 0, m.groupAxes, group) + panel * kPanel * nStep;
    int8_t* to = panelOf<Int8>(a, m, group, panel);
    const int64_t n = smaller(kPanel, m.n - panel * kPanel);
    for (int64_t x = 0; x < m.k; x += m.perTap)
      packTap<Int8>(to, x, from + offsetOf(in, m.groupAxes, in.rank - 2, x / m.perTap), m.perTap, kStep, n, nStep,
                    [=](T v) { return static_cast<int8_t>(static_cast<int32_t>(v) - flip); });
    int32_t sums[kPanel] = {}, zeros[kPanel] = {};
    for (int64_t i = 0; i < k * kPanel; i++) sums[i / Int8::kGroup % kPanel] += to[i];
    for (int64_t c = 0; c < n; c++) {
      const int64_t at = zero.data ? offsetOf(zero, 0, m.groupAxes, group) +
                                         (panel * kPanel + c) * zero.strides[m.groupAxes]
                                   : 0;
      zeros[c] = (zero.data ? static_cast<const T*>(zero.data)[at] : 0) - flip;
    }
    int8_t* behind = to + (m.panels - panel) * k * kPanel + panel * kLineBytes;
    memcpy(behind, sums, sizeof sums);
    memcpy(behind + m.panels * kLineBytes, zeros, sizeof zeros);
  }
}

void runHalves(const StepArgs& a) {
  if (a.in[0].type == Type::f32) packHalves<float>(a);
  else packHalves<uint16_t>(a);
}
void runBytes(const StepArgs& a) {
  if (a.in[0].type == Type::i8) packBytes<int8_t>(a, 0);
  else packBytes<uint8_t>(a, 128);
}

template <class F>
const char* check(const StepArgs& a, size_t) {
  const Operand &in = a.in[0], &out = a.out[0];
  if (!in.data || !out.data) return "operand missing";
  constexpr bool kInt = F::acc == Type::i32;
  if (kInt ? in.type != Type::i8 && in.type != Type::u8 : in.type != Type::f32 && in.type != Type::bf16)
    return "type of the input";
  if (out.type != F::type) return "type of the output";
  const int groups = out.rank - 1;
  if (groups < 0 || in.rank < groups + 2) return "ranks";
  for (int i = 0; i < groups; i++)
    if (in.dims[i] != out.dims[i]) return "groups differ";
  if (out.dims[groups] > 1 && out.strides[groups] != 1) return "inner dimension is not contiguous";
  constexpr int64_t kLimit = int64_t(1) << 44;
  int64_t count = 1, k = 1;
  for (int i = 0; i < in.rank; i++) {
    const int64_t d = i == in.rank - 1 ? panelsOf(in.dims[i]) * kPanel : in.dims[i];
    if (d > kLimit || (d != 0 && count > kLimit / d)) return "too many elements";
    count *= d;
    if (i >= groups && i < in.rank - 1) k *= d;
  }
  const int64_t panels = panelsOf(in.dims[in.rank - 1]), padded = paddedK<F>(k);
  if (panels > 0 && padded > kLimit / (2 * kPanel) / panels) return "too many elements";
  if (out.dims[groups] < elements<F>(padded, panels)) return "output is too small";
  if (const Operand& zero = a.in[1]; kInt && zero.data) {
    if (zero.type != in.type || zero.rank != out.rank) return "zero points";
    for (int i = 0; i < groups; i++)
      if (zero.dims[i] != in.dims[i]) return "zero points";
    if (zero.dims[groups] != in.dims[in.rank - 1]) return "zero points";
  }
  const Matrix m(a);
  return a.end > static_cast<size_t>(m.groups * m.panels) ? "number of items" : nullptr;
}

}  // namespace

HAIO_TABLE(pack_narrow, {"pack.bf16", "", 0, 1, 1, 1, runHalves, check<Bf16>, nullptr},
           {"pack.i8", "", 0, 1, 2, 1, runBytes, check<Int8>, nullptr})

}  // namespace haio::HAIO_ISA::pack_narrow
