// recurrent_pack: R[gates·H, H] → packed[panels, H, gates · kUnits], see recurrent.h. An item is a panel.
// portable only
#include "recurrent.h"

namespace haio::HAIO_ISA::recurrent_pack {
using namespace lines;
using namespace recurrent;

struct Params {
  int32_t gates;
};

static void run(const StepArgs& a) {
  const Operand &r = a.in[0], &y = a.out[0];
  const int64_t gates = paramsOf<Params>(a).gates, hidden = r.dims[1];
  for (size_t panel = a.begin; panel < a.end; panel++)
    for (int64_t k = 0; k < hidden; k++) {
      float* to = static_cast<float*>(y.data) + (static_cast<int64_t>(panel) * hidden + k) * gates * kUnits;
      for (int64_t g = 0; g < gates; g++)
        for (int64_t u = 0; u < kUnits; u++) {
          const int64_t unit = static_cast<int64_t>(panel) * kUnits + u;
          *to++ = unit < hidden ? static_cast<const float*>(r.data)[(g * hidden + unit) * r.strides[0] + k] : 0.f;
        }
    }
}

static const char* check(const StepArgs& a, size_t) {
  const Params& p = paramsOf<Params>(a);
  if (p.gates < 1 || p.gates > 4 || a.in[0].rank != 2) return "R must be [gates · H, H]";
  const int64_t hidden = a.in[0].dims[1];
  if (!isF32(a.in[0], 2, p.gates * hidden, hidden, 0)) return "R must be f32 [gates · H, H] with contiguous rows";
  if (!isPacked(a.out[0], hidden, p.gates)) return "the output must be dense f32 [panels, H, gates · 16]";
  return a.end == static_cast<size_t>(panelsOf(hidden)) ? nullptr : "items must be the number of panels";
}

HAIO_TABLE(recurrent_pack, {"recurrent_pack.f32", "gates:i32", sizeof(Params), 1, 1, 1, run, check, nullptr})

}  // namespace haio::HAIO_ISA::recurrent_pack
