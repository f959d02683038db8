// portable only
// range: out[i] = start + i · delta; start and delta one element each, out [n] of any stride. Integers
// wrap. An item is one element.
#include "moving.h"

namespace haio::HAIO_ISA::range {
namespace {
using namespace moving;

// S: what is computed in
template <class T, class S>
void run(const StepArgs& a) {
  const S start = static_cast<S>(*static_cast<const T*>(a.in[0].data));
  const S delta = static_cast<S>(*static_cast<const T*>(a.in[1].data));
  T* y = static_cast<T*>(a.out[0].data);
  for (size_t i = a.begin; i < a.end; i++)
    y[static_cast<int64_t>(i) * a.out[0].strides[0]] = static_cast<T>(start + static_cast<S>(i) * delta);
}

template <Type kType>
const char* check(const StepArgs& a, size_t) {
  const Operand &start = a.in[0], &delta = a.in[1], &out = a.out[0];
  if (!present(start) || !present(delta) || !present(out)) return "operand missing";
  if (start.type != kType || delta.type != kType || out.type != kType)
    return "operands must have the kernel's type";
  if (elements(start) != 1 || elements(delta) != 1 || out.rank != 1) return "ranks must be 0, 0 and 1";
  return a.end != static_cast<size_t>(out.dims[0]) ? "items must be the number of elements" : nullptr;
}

#define HAIO_ROW(name, T, S, kType) {"range." name, "", 0, 2, 2, 1, run<T, S>, check<kType>, nullptr}
HAIO_TABLE(range, HAIO_ROW("f32", float, double, Type::f32), HAIO_ROW("f64", double, double, Type::f64),
           HAIO_ROW("i16", int16_t, uint32_t, Type::i16), HAIO_ROW("i32", int32_t, uint32_t, Type::i32),
           HAIO_ROW("i64", int64_t, uint64_t, Type::i64))
#undef HAIO_ROW

}  // namespace
}  // namespace haio::HAIO_ISA::range
