// portable only
// cum_sum: sums of the elements so far along an axis
#include "cumulate.h"

namespace haio::HAIO_ISA::cum_sum {
namespace {
using namespace cumulate;

HAIO_CUMULATE(cum_sum, Sum)

}  // namespace
}  // namespace haio::HAIO_ISA::cum_sum
