// pack.f32: B[g…, t…, K, N] with any strides → panels [g…, floats] (gemm/panels.h), the lines of a
// matrix in the order of (t…, k). The output's first axes are g…. An item is one panel of one matrix.
#include "gemm/shape.h"

namespace haio::HAIO_ISA::pack {
namespace {
using namespace gemm;

struct Params {
  int64_t period, block;
};

struct Matrix {
  int groupAxes, taps;  // number of axes
  int64_t groups, lines, perTap, panels;
  explicit Matrix(const StepArgs& a) {
    const Operand& in = a.in[0];
    groupAxes = a.out[0].rank - 1;
    taps = in.rank - groupAxes - 2;
    groups = productOf(in, 0, groupAxes);
    perTap = in.dims[in.rank - 2];
    lines = productOf(in, groupAxes, in.rank - 1);
    panels = panelsOf(in.dims[in.rank - 1]);
  }
};

// Lines of one tap: `count` of them, from line to line `kStep`, `n` columns `nStep` apart.
void packLines(float* to, const float* from, int64_t count, int64_t kStep, int64_t n, int64_t nStep) {
  if (nStep == 1) {
    for (int64_t k = 0; k < count; k++)
      for (int64_t i = 0; i < kPanel; i += F32::N) {
        const int64_t left = larger(0, smaller(n - i, F32::N));
        store(to + k * kPanel + i, load(from + k * kStep + smaller(i, n), static_cast<size_t>(left)));
      }
    return;
  }
  constexpr int64_t kStrip = 64;  // lines of a strip stay in L1 while the columns are written
  for (int64_t k = 0; k < count; k += kStrip) {
    const int64_t end = smaller(count, k + kStrip);
    for (int64_t c = 0; c < kPanel; c++)
      for (int64_t i = k; i < end; i++) to[i * kPanel + c] = c < n ? from[i * kStep + c * nStep] : 0.f;
  }
}

void run(const StepArgs& a) {
  const Operand &in = a.in[0], &out = a.out[0];
  const Params& p = *static_cast<const Params*>(a.params);
  const Matrix m(a);
  const KBlocks blocks(m.lines, p.period, p.block);
  const int64_t kStep = in.strides[in.rank - 2], nStep = in.strides[in.rank - 1];
  for (size_t item = a.begin; item < a.end; item++) {
    const int64_t group = static_cast<int64_t>(item) / m.panels,
                  panel = static_cast<int64_t>(item) % m.panels;
    const float* from =
        static_cast<const float*>(in.data) + offsetOf(in, 0, m.groupAxes, group) + panel * kPanel * nStep;
    float* to = static_cast<float*>(out.data) + offsetOf(out, 0, m.groupAxes, group);
    const int64_t n = smaller(kPanel, in.dims[in.rank - 1] - panel * kPanel);
    for (int64_t b = 0; b < blocks.count(); b++) {
      const int64_t k0 = blocks.start(b), k1 = blocks.end(b);
      float* line = to + panelAt(k0, k1, m.panels, panel);
      for (int64_t k = k0; k < k1;) {
        const int64_t tap = k / m.perTap, inTap = k % m.perTap, count = smaller(m.perTap - inTap, k1 - k);
        packLines(line, from + offsetOf(in, m.groupAxes, in.rank - 2, tap) + inTap * kStep, count, kStep, n,
                  nStep);
        line += count * kPanel;
        k += count;
      }
    }
  }
}

const char* check(const StepArgs& a, size_t) {
  const Operand &in = a.in[0], &out = a.out[0];
  const Params& p = *static_cast<const Params*>(a.params);
  if (!in.data || !out.data) return "operand missing";
  if (in.type != Type::f32 || out.type != Type::f32) return "operand is not f32";
  const int groups = out.rank - 1;
  if (groups < 0 || in.rank < groups + 2) return "ranks";
  if (p.block < 1 || p.period < p.block || p.period > int64_t(1) << 47) return "block sizes";
  for (int i = 0; i < groups; i++)
    if (in.dims[i] != out.dims[i]) return "groups differ";
  if (out.dims[groups] > 1 && out.strides[groups] != 1) return "inner dimension is not contiguous";
  constexpr int64_t kLimit = int64_t(1) << 47;
  int64_t count = 1, lines = 1;
  for (int i = 0; i < in.rank; i++) {
    const int64_t d = i == in.rank - 1 ? panelsOf(in.dims[i]) * kPanel : in.dims[i];
    if (d > kLimit || (d != 0 && count > kLimit / d)) return "too many elements";
    count *= d;
    if (i >= groups) lines *= d;
  }
  if (out.dims[groups] < lines) return "output is too small";
  const Matrix m(a);
  return a.end > static_cast<size_t>(m.groups * m.panels) ? "number of items" : nullptr;
}

}  // namespace

HAIO_TABLE(pack, {"pack.f32", "period:i64,block:i64", sizeof(Params), 1, 1, 1, run, check, nullptr})

}  // namespace haio::HAIO_ISA::pack
