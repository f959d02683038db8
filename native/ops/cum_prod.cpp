// portable only
// cum_prod: products of the elements so far along an axis
#include "cumulate.h"

namespace haio::HAIO_ISA::cum_prod {
namespace {
using namespace cumulate;

HAIO_CUMULATE(cum_prod, Product)

}  // namespace
}  // namespace haio::HAIO_ISA::cum_prod
