// cast: x as a value of the type `to` (a Type of kernel.h): converted as the storer of a chain does.
#include "simd/convert.h"
#include "simd/stage.h"

namespace haio::HAIO_ISA::cast_op {
namespace {

struct Params {
  int32_t to;
};
AI Type typeOf(const Params& p) {
  return static_cast<Type>(p.to >= 0 && p.to < static_cast<int32_t>(Type::string) ? p.to : 0);
}
// Through memory: a vector is stored as the type and loaded again.
AI F32 f32(const Params& p, F32 x) {
  float in[F32::N], out[F32::N];
  uint64_t as[F32::N];
  store(in, x);
  storeBlock(typeOf(p), in, F32::N, as);
  loadBlock(typeOf(p), as, F32::N, out);
  return load(out);
}
#ifdef HAIO_ISA_PORTABLE
template <class T>
AI T scalar(const Params& p, T x) {
  uint64_t as = 0;
  T out = 0;
  storeBlock(typeOf(p), &x, 1, &as);
  loadBlock(typeOf(p), &as, 1, &out);
  return out;
}
#endif

HAIO_TABLE(cast, stage<f32>("cast.f32", "to:i32") HAIO_SCALAR(, stage<scalar<double>>("cast.f64", "to:i32"),
                                                              stage<scalar<int64_t>>("cast.i64", "to:i32")))

}  // namespace
}  // namespace haio::HAIO_ISA::cast_op
