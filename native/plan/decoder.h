// The decoder, for decode.cpp (header, records) and decode_step.cpp (steps and their operands) only.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "plan/decode.h"
#include "plan/signature.h"

namespace haio {

struct Kernel {
  OpRef op;
  int fieldCount;
  Field fields[kMaxFields];
};
struct Buffer {
  size_t offset, bytes;
};
// Memory that lies elsewhere in each trip of its loop. Operands in it have the place they have in the
// first trip; all trips together move them by `low` to `high` bytes, those of outer loops included.
struct Window {
  Place place;
  size_t bytes;
  int64_t advance, low, high;
  uint32_t loop;
  int32_t parent;  // the window that it lies in, or -1
  bool alternates, open;
};
// An operand as the plan states it.
struct Located {
  Operand operand = {};
  Place place = {};
  int32_t window = -1;
};

class Decoder {
 public:
  Decoder(const double* words, size_t count, Weights weights, const Selection& selection, Failure* failure)
      : words_(words),
        count_(count),
        weights_(weights),
        selection_(selection),
        failure_(failure),
        plan_(new BoundPlan) {}

  std::unique_ptr<const BoundPlan> decode(const std::vector<std::string>& kernels);

 private:
  // The first failure stays; from then on integers read as their least value and loops end.
  template <class... Values>
  void fail(const char* text, Values... values) {
    if (!ok_) return;
    ok_ = false;
    char what[320];
    if constexpr (sizeof...(values) == 0) {
      snprintf(what, sizeof what, "%s", text);
    } else {
      snprintf(what, sizeof what, text, values...);
    }
    if (record_ < 0) {
      failure_->set("plan", "%s", what);
    } else {
      failure_->set("plan", "record %ld (%s): %s", record_, name_, what);
    }
  }

  int64_t integer(const char* what, int64_t least, int64_t most);
  bool resolveKernels(const std::vector<std::string>& kernels);
  bool resolve(const std::string& kernel, Kernel* out);
  void header(size_t kernels);
  void ports(const char* what, int64_t count, std::vector<Port>* out);
  void buffers(int64_t count);
  int64_t records(size_t end, int depth);
  void branch(const char* what, size_t end, int depth, bool skip = false);
  void conditional(size_t end, int depth);
  void loopRecord(size_t end, int depth);
  int64_t cell(const char* what, Type type, bool written);
  void windowRecord(uint32_t loop, int64_t trips);
  const Window* windowAt(int64_t index) const;
  bool apart(const Located& a, const Located& b) const;
  void step();
  const void* params(const Kernel& kernel);
  const Stages* stages(const Kernel& kernel, const std::vector<Located>& inputs);
  const Kernel* kernel();
  Located operand(const char* what, int64_t index);
  bool locate(Located* located, const char* what, int64_t index);
  void checkOverlaps(const std::vector<Located>& inputs, const std::vector<Located>& outputs,
                     int64_t inplace);
  uint32_t keep(const std::vector<Located>& list);
  void setNext();

  const double* words_;
  size_t count_, at_ = 0;
  Weights weights_;
  const Selection& selection_;
  Failure* failure_;
  std::unique_ptr<BoundPlan> plan_;
  std::vector<Kernel> kernels_;
  std::vector<Buffer> buffers_;
  std::vector<Window> windows_;
  bool ok_ = true;
  long record_ = -1;
  const char* name_ = "";
};

}  // namespace haio
