// average_pool: the mean of each window of each channel. `counted`: places in the padding (`pad` before,
// `after` behind) count as zeros; else only those inside the input count. An empty window gives 0.
#include "pool.h"

namespace haio::HAIO_ISA::average_pool {
using namespace lines;
using namespace pool;

namespace {
struct Params {
  PoolParams pool;
  int32_t after[3];
  int32_t counted;
};
}  // namespace

static void run(const StepArgs& a) {
  const Params& p = paramsOf<Params>(a);
  float* y = static_cast<float*>(a.out[0].data);
  const size_t channels = static_cast<size_t>(a.out[0].dims[4]);
  eachWindow(a, p.pool, [&](const Window& w, int64_t at, int64_t) {
    int64_t count = 1;
    for (int i = 0; i < 3; i++) {
      int64_t places = w.count[i];
      if (p.counted) {
        const int64_t d = p.pool.dilation[i], room = a.in[0].dims[i + 1] + p.after[i] - w.start[i];
        places = room > 0 ? (room + d - 1) / d : 0;
        if (places > p.pool.kernel[i]) places = p.pool.kernel[i];
      }
      count *= places;
    }
    const float divisor = count > 0 ? static_cast<float>(count) : 1.f;
    poolWindow(
        w, y + at, channels, 0.f, [](F32 x) { return x; }, [](F32 s, F32 x) { return s + x; },
        [divisor](F32 s) { return s / divisor; });
  });
}

static const char* check(const StepArgs& a, size_t) {
  const Params& p = paramsOf<Params>(a);
  for (int i = 0; i < 3; i++)
    if (p.after[i] < -(1 << 24) || p.after[i] > 1 << 24) return "the window's parameters are out of range";
  return checkPool(a, p.pool);
}

HAIO_TABLE(average_pool, {"average_pool.f32", HAIO_POOL_SIGNATURE ",after0:i32,after1:i32,after2:i32,counted:i32",
                          sizeof(Params), 1, 1, 1, run, check, nullptr})

}  // namespace haio::HAIO_ISA::average_pool
