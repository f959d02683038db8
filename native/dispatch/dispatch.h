// Which kernel a name means here: the first row, by priority, of the ISAs that may be used.
#pragma once
#include <vector>

#include "dispatch/tables.h"
#include "failure.h"

namespace haio {

struct OpRef {
  const OpRow* row;
  const Isa* isa;  // the width ISA it was compiled for
};

// A set of ISAs and the rows they offer; made once, lives for ever.
class Selection {
 public:
  explicit Selection(std::vector<const Isa*> isas);

  const OpRef* find(const char* name) const;
  // Gemm rows of a width ISA and of the features built on it, best first.
  const std::vector<GemmRow>& gemmRows(const Isa* isa) const;
  const std::vector<const Isa*>& isas() const { return isas_; }

 private:
  std::vector<const Isa*> isas_;            // best first
  std::vector<OpRef> ops_;                  // sorted by name, one row a name
  std::vector<std::vector<GemmRow>> gemm_;  // for each of isas_
};

// "": what HAIO_ISA names, else every usable ISA. A name: that ISA, its bases, and portable beneath
// them. Null with failure 'isa' when the ISA is unknown or the CPU lacks something it needs.
const Selection* select(const char* isa, Failure* failure);

// Features that the CPU lacks for this ISA, bases included; empty when it is usable.
std::vector<const char*> missingFeatures(const Isa& isa);

}  // namespace haio
