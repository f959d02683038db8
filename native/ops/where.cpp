// where: y where the condition is not 0, else z
#include "simd/stage.h"

namespace haio::HAIO_ISA::where_op {
namespace {

template <class T>
AI T f(T condition, T y, T z) {
  return select(condition != T(0), y, z);
}

HAIO_TABLE(where, stage<f<F32>>("where.f32")
                      HAIO_SCALAR(, stage<f<double>>("where.f64"), stage<f<int64_t>>("where.i64")))

}  // namespace
}  // namespace haio::HAIO_ISA::where_op
