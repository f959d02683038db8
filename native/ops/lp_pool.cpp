// lp_pool: (Σ |x|^p)^(1/p) of each window of each channel, for p = 1 and p = 2.
#include "pool.h"

namespace haio::HAIO_ISA::lp_pool {
using namespace lines;
using namespace pool;

namespace {
struct Params {
  PoolParams pool;
  int32_t p;
};
}  // namespace

static void run(const StepArgs& a) {
  const Params& p = paramsOf<Params>(a);
  float* y = static_cast<float*>(a.out[0].data);
  const size_t channels = static_cast<size_t>(a.out[0].dims[4]);
  eachWindow(a, p.pool, [&](const Window& w, int64_t at, int64_t) {
    const auto join = [](F32 s, F32 x) { return s + x; };
    if (p.p == 1)
      poolWindow(w, y + at, channels, 0.f, [](F32 x) { return abs(x); }, join, [](F32 s) { return s; });
    else
      poolWindow(w, y + at, channels, 0.f, [](F32 x) { return x * x; }, join, [](F32 s) { return sqrt(s); });
  });
}

static const char* check(const StepArgs& a, size_t) {
  const Params& p = paramsOf<Params>(a);
  return p.p == 1 || p.p == 2 ? checkPool(a, p.pool) : "p must be 1 or 2";
}

HAIO_TABLE(lp_pool, {"lp_pool.f32", HAIO_POOL_SIGNATURE ",p:i32", sizeof(Params), 1, 1, 1, run, check, nullptr})

}  // namespace haio::HAIO_ISA::lp_pool
