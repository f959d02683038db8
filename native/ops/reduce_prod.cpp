// reduce_prod: Π x over some axes.
#include "reduce.h"

namespace haio::HAIO_ISA::reduce_prod {
using namespace reduce;

namespace {
struct Op : SumOp {
  static constexpr float kStart = 1.f;
  AI F32 join(F32 a, F32 b) { return a * b; }
  AI double join(double a, double b) { return a * b; }
  AI float across(F32 a) {
    float lanes[F32::N];
    store(lanes, a);
    float p = 1.f;
    for (size_t i = 0; i < F32::N; i++) p *= lanes[i];
    return p;
  }
};
}  // namespace

namespace {
struct Integers {
  template <class T>
  AI T start() {
    return 1;
  }
  // wraps around
  AI int64_t join(int64_t a, int64_t b) { return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b)); }
  AI int32_t join(int32_t a, int32_t b) { return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b)); }
};
}  // namespace

HAIO_TABLE(reduce_prod, HAIO_REDUCE_F32("reduce_prod", Op), HAIO_REDUCE_INTEGERS("reduce_prod", Integers))

}  // namespace haio::HAIO_ISA::reduce_prod
