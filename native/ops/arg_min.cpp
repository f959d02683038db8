// arg_min: the place of the least element along an axis.
#include "arg.h"

namespace haio::HAIO_ISA::arg_min {
using namespace lines;
using namespace arg;

HAIO_TABLE(arg_min,
           {"arg_min.f32", kArgSignature, sizeof(ArgParams), 1, 1, 1, runArgF32<false>, checkArg<Type::f32>, nullptr},
           HAIO_PORTABLE({"arg_min.i64", kArgSignature, sizeof(ArgParams), 1, 1, 1, runArg<false, int64_t>, checkArg<Type::i64>, nullptr},
                         {"arg_min.i32", kArgSignature, sizeof(ArgParams), 1, 1, 1, runArg<false, int32_t>, checkArg<Type::i32>, nullptr}))

}  // namespace haio::HAIO_ISA::arg_min
