// winograd_pack: w [M, C, 3, 3], any strides → U = G w Gᵀ (winograd.h) in panels (gemm/panels.h, one K
// block): [(m+2)², floats]. An item is one panel of all (m+2)² matrices.
#include "winograd.h"

namespace haio::HAIO_ISA::winograd_pack {
namespace {
using namespace gemm;
using winograd::checkWeights, winograd::Filter, winograd::kLimit;

struct Params {
  int32_t m;
};

template <int M>
void packItem(const Operand& w, const Operand& out, int64_t panel) {
  constexpr int N = Filter<M>::N;
  float* to = static_cast<float*>(out.data);
  const int64_t channels = w.dims[1], panels = panelsOf(w.dims[0]);
  for (int64_t c = 0; c < channels; c++)
    for (int64_t i = 0; i < kPanel; i++) {
      const int64_t o = panel * kPanel + i;
      double rows[3][N] = {}, g[3], u[N];
      for (int y = 0; y < 3 && o < w.dims[0]; y++) {
        const float* from =
            static_cast<const float*>(w.data) + o * w.strides[0] + c * w.strides[1] + y * w.strides[2];
        for (int x = 0; x < 3; x++) g[x] = from[x * w.strides[3]];
        Filter<M>::weight(g, rows[y]);
      }
      for (int x = 0; x < N; x++) {
        for (int y = 0; y < 3; y++) g[y] = rows[y][x];
        Filter<M>::weight(g, u);
        for (int y = 0; y < N; y++)
          to[(y * N + x) * out.strides[0] + panelAt(0, channels, panels, panel) + c * kPanel + i] =
              static_cast<float>(u[y]);
      }
    }
}

void run(const StepArgs& a) {
  const bool four = static_cast<const Params*>(a.params)->m == 4;
  for (size_t i = a.begin; i < a.end; i++)
    four ? packItem<4>(a.in[0], a.out[0], static_cast<int64_t>(i))
         : packItem<2>(a.in[0], a.out[0], static_cast<int64_t>(i));
}

const char* check(const StepArgs& a, size_t) {
  const Operand& w = a.in[0];
  if (!w.data || !a.out[0].data || w.type != Type::f32) return "operand missing";
  if (w.rank != 4 || w.dims[2] != 3 || w.dims[3] != 3 || w.dims[0] >= kLimit || w.dims[1] >= kLimit)
    return "weights";
  if (a.out[0].rank == 2 && a.out[0].dims[0] > 1 && a.out[0].strides[0] == 0) return "output repeats";
  const int32_t m = static_cast<const Params*>(a.params)->m;
  if (const char* wrong = checkWeights(a.out[0], m, w.dims[1], w.dims[0])) return wrong;
  return a.end > static_cast<size_t>(panelsOf(w.dims[0])) ? "number of items" : nullptr;
}

}  // namespace

HAIO_TABLE(winograd_pack, {"winograd_pack.f32", "m:i32", sizeof(Params), 1, 1, 1, run, check, nullptr})

}  // namespace haio::HAIO_ISA::winograd_pack
