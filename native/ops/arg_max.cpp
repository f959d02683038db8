// arg_max: the place of the greatest element along an axis.
#include "arg.h"

namespace haio::HAIO_ISA::arg_max {
using namespace lines;
using namespace arg;

HAIO_TABLE(arg_max,
           {"arg_max.f32", kArgSignature, sizeof(ArgParams), 1, 1, 1, runArgF32<true>, checkArg<Type::f32>, nullptr},
           HAIO_PORTABLE({"arg_max.i64", kArgSignature, sizeof(ArgParams), 1, 1, 1, runArg<true, int64_t>, checkArg<Type::i64>, nullptr},
                         {"arg_max.i32", kArgSignature, sizeof(ArgParams), 1, 1, 1, runArg<true, int32_t>, checkArg<Type::i32>, nullptr}))

}  // namespace haio::HAIO_ISA::arg_max
