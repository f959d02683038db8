// max_pool: the greatest element of each window of each channel. max_pool_indices also tells where it
// stands (the first one of equals) in the input laid out as [N, C, d0, d1, d2], or [N, C, d2, d1, d0]
// for `column`. An empty window gives the type's least value (−∞) and place 0. NaN elements: unspecified.
#include "pool.h"
#include "simd/convert.h"

namespace haio::HAIO_ISA::max_pool {
using namespace lines;
using namespace pool;

static void run(const StepArgs& a) {
  float* y = static_cast<float*>(a.out[0].data);
  const size_t channels = static_cast<size_t>(a.out[0].dims[4]);
  eachWindow(a, paramsOf<PoolParams>(a), [&](const Window& w, int64_t at, int64_t) {
    poolWindow(
        w, y + at, channels, -kInf, [](F32 x) { return x; }, [](F32 p, F32 q) { return max(p, q); },
        [](F32 x) { return x; });
  });
}
static const char* check(const StepArgs& a, size_t) { return checkPool(a, paramsOf<PoolParams>(a)); }

namespace {
// Elements that are compared as wider ones: load(p), store(p, v).
struct Bf16 {
  using T = uint16_t;
  AI F32 load(const T* p) { return loadBf16(p); }
  AI void store(T* p, F32 x) { storeU16(p, shr<16>(bits(x))); }
  AI F32 least() { return -kInf; }
};
struct U8 {
  using T = uint8_t;
  AI I32 load(const T* p) { return loadU8(p); }
  AI void store(T* p, I32 x) { storeU8(p, x); }
  AI I32 least() { return 0; }
};
struct I8 {
  using T = int8_t;
  AI I32 load(const T* p) { return loadI8(p); }
  AI void store(T* p, I32 x) { storeU8(reinterpret_cast<uint8_t*>(p), x); }
  AI I32 least() { return -128; }
};

template <class E>
void runNarrow(const StepArgs& a) {
  using T = typename E::T;
  const size_t channels = static_cast<size_t>(a.out[0].dims[4]);
  eachWindow(a, paramsOf<PoolParams>(a), [&](const Window& w, int64_t at, int64_t) {
    const T* x = static_cast<const T*>(a.in[0].data) + (w.count[0] ? w.offset : 0);
    T* y = static_cast<T*>(a.out[0].data) + at;
    inParts<4>(channels, [&]<int V, bool kFull>(size_t c, size_t m) {
      constexpr size_t N = F32::N;
      decltype(E::least()) best[V];
      for (int v = 0; v < V; v++) best[v] = E::least();
      for (int64_t i = 0; i < w.count[0]; i++)
        for (int64_t j = 0; j < w.count[1]; j++)
          for (int64_t k = 0; k < w.count[2]; k++) {
            const T* from = x + i * w.step[0] + j * w.step[1] + k * w.step[2] + c;
            T few[N] = {};
            if constexpr (!kFull) {
              memcpy(few, from, m * sizeof(T));
              from = few;
            }
            for (int v = 0; v < V; v++) best[v] = max(best[v], E::load(from + v * N));
          }
      if constexpr (kFull) {
        for (int v = 0; v < V; v++) E::store(y + c + v * N, best[v]);
      } else {
        T few[N];
        E::store(few, best[0]);
        memcpy(y + c, few, m * sizeof(T));
      }
    });
  });
}
template <Type type>
const char* checkNarrow(const StepArgs& a, size_t) {
  return checkPool(a, paramsOf<PoolParams>(a), type);
}

struct Params {
  PoolParams pool;
  int32_t column;
};
}  // namespace

static void runIndices(const StepArgs& a) {
  const Params& p = paramsOf<Params>(a);
  const Operand &x = a.in[0], &z = a.out[1];
  const int64_t plane = x.dims[1] * x.dims[2] * x.dims[3], channels = x.dims[4];
  const int64_t scale[3] = {p.column ? 1 : x.dims[2] * x.dims[3], p.column ? x.dims[1] : x.dims[3],
                            p.column ? x.dims[1] * x.dims[2] : 1};
  size_t pixel = 0;
  eachWindow(a, p.pool, [&](const Window& w, int64_t at, int64_t n) {
    const int64_t row = static_cast<int64_t>(a.begin + pixel / static_cast<size_t>(z.dims[3]));
    const int64_t o2 = static_cast<int64_t>(pixel++ % static_cast<size_t>(z.dims[3]));
    int64_t* places = static_cast<int64_t*>(z.data) + n * z.strides[0] + row / z.dims[2] % z.dims[1] * z.strides[1] +
                      row % z.dims[2] * z.strides[2] + o2 * z.strides[3];
    float* y = static_cast<float*>(a.out[0].data) + at;
    inParts<1>(static_cast<size_t>(channels), [&]<int V, bool kFull>(size_t c, size_t m) {
      F32 best = -kInf;
      I32 place = -1;
      for (int64_t i = 0; i < w.count[0]; i++)
        for (int64_t j = 0; j < w.count[1]; j++)
          for (int64_t k = 0; k < w.count[2]; k++) {
            const F32 v = part<kFull>(w.x + i * w.step[0] + j * w.step[1] + k * w.step[2] + c, m);
            const int64_t here = (w.first[0] + i * p.pool.dilation[0]) * scale[0] +
                                 (w.first[1] + j * p.pool.dilation[1]) * scale[1] +
                                 (w.first[2] + k * p.pool.dilation[2]) * scale[2];
            const Mask more = (v > best) | (place < I32(0));
            best = select(more, v, best);
            place = select(more, I32(static_cast<int32_t>(here)), place);
          }
      put<kFull>(y + c, best, m);
      int32_t found[F32::N];
      store(found, place);
      for (size_t i = 0; i < m; i++)
        places[c + i] = found[i] < 0 ? 0 : (n * channels + static_cast<int64_t>(c + i)) * plane + found[i];
    });
  });
}
static const char* checkIndices(const StepArgs& a, size_t) {
  if (const char* wrong = checkPool(a, paramsOf<Params>(a).pool)) return wrong;
  const Operand& x = a.in[0];
  const double plane = static_cast<double>(x.dims[1]) * static_cast<double>(x.dims[2]) * static_cast<double>(x.dims[3]);
  return plane < 2147483648.0 ? nullptr : "an image must have less than 2^31 pixels";
}

HAIO_TABLE(max_pool,
           {"max_pool.f32", HAIO_POOL_SIGNATURE, sizeof(PoolParams), 1, 1, 1, run, check, nullptr},
           {"max_pool.bf16", HAIO_POOL_SIGNATURE, sizeof(PoolParams), 1, 1, 1, runNarrow<Bf16>, checkNarrow<Type::bf16>, nullptr},
           {"max_pool.u8", HAIO_POOL_SIGNATURE, sizeof(PoolParams), 1, 1, 1, runNarrow<U8>, checkNarrow<Type::u8>, nullptr},
           {"max_pool.i8", HAIO_POOL_SIGNATURE, sizeof(PoolParams), 1, 1, 1, runNarrow<I8>, checkNarrow<Type::i8>, nullptr},
           {"max_pool_indices.f32", HAIO_POOL_SIGNATURE ",column:i32", sizeof(Params), 1, 1, 2, runIndices, checkIndices, nullptr})

}  // namespace haio::HAIO_ISA::max_pool
