#include "plan/decode.h"

#include <math.h>
#include <string.h>

#include <atomic>

#include "plan/decoder.h"
#include "plan/format.h"
#include "plan/operand.h"

namespace haio {

using namespace format;

namespace {
constexpr size_t kPrefetchFrom = 4096;  // bytes a weight must have to be worth it
}  // namespace

int64_t Decoder::integer(const char* what, int64_t least, int64_t most) {
  if (!ok_) return least;
  if (at_ >= count_) {
    fail("the words end before %s", what);
    return least;
  }
  const double word = words_[at_++];
  const bool fits =
      word >= static_cast<double>(least) && word <= static_cast<double>(most) && word == trunc(word);
  if (fits) return static_cast<int64_t>(word);
  fail("%s is %.17g, not an integer in %lld…%lld", what, word, static_cast<long long>(least),
       static_cast<long long>(most));
  return least;
}

bool Decoder::resolve(const std::string& kernel, Kernel* out) {
  const size_t bar = kernel.find('|');
  const std::string name = kernel.substr(0, bar);
  const char* signature = bar == std::string::npos ? "" : kernel.c_str() + bar + 1;
  const OpRef* op = selection_.find(name.c_str());
  if (!op) {
    fail("no kernel '%.100s'", name.c_str());
    return false;
  }
  out->op = *op;
  if (strcmp(op->row->signature, signature) != 0) {
    fail("kernel '%s' has the parameters (%s), the plan has (%.100s)", op->row->name, op->row->signature,
         signature);
    return false;
  }
  out->fieldCount = parseSignature(op->row->signature, op->row->paramsBytes, out->fields);
  if (out->fieldCount < 0) fail("kernel '%s': signature and struct Params do not match", op->row->name);
  return ok_;
}

bool Decoder::resolveKernels(const std::vector<std::string>& kernels) {
  kernels_.resize(kernels.size());
  for (size_t i = 0; i < kernels.size(); i++) {
    if (!resolve(kernels[i], &kernels_[i])) return false;
  }
  return true;
}

void Decoder::header(size_t kernels) {
  if (count_ > static_cast<size_t>(kMaxWords)) fail("%zu words are too many", count_);
  if (kernels > static_cast<size_t>(kMaxKernels)) fail("%zu kernels are too many", kernels);
  integer("magic", kMagic, kMagic);
  integer("version", kVersion, kVersion);
  const int64_t total = static_cast<int64_t>(count_);
  integer("words", total, total);
  plan_->arenaBytes = static_cast<size_t>(integer("arenaBytes", 0, kMaxBytes));
  plan_->scratchBytes = static_cast<size_t>(integer("scratchBytes", 0, kMaxScratch));
  integer("kernels", 0, static_cast<int64_t>(kernels));
}

void Decoder::ports(const char* what, int64_t count, std::vector<Port>* out) {
  for (int64_t i = 0; ok_ && i < count; i++) {
    const Type type = static_cast<Type>(integer(what, 0, static_cast<int64_t>(Type::string) - 1));
    const size_t bytes = static_cast<size_t>(integer(what, 0, kMaxBytes));
    out->push_back({type, bytes});
  }
}

void Decoder::buffers(int64_t count) {
  for (int64_t i = 0; ok_ && i < count; i++) {
    const size_t offset = static_cast<size_t>(integer("a buffer's offset", 0, kMaxBytes));
    const size_t bytes = static_cast<size_t>(integer("a buffer's bytes", 0, kMaxBytes));
    if (offset % 64 != 0)
      fail("buffer %lld: offset %zu is no multiple of 64", static_cast<long long>(i), offset);
    if (offset + bytes > plan_->arenaBytes)
      fail("buffer %lld ends outside the arena", static_cast<long long>(i));
    buffers_.push_back({offset, bytes});
  }
}

// Records within one, after their number of words.
void Decoder::branch(const char* what, size_t end, int depth, bool skip) {
  const size_t words = static_cast<size_t>(integer(what, 0, static_cast<int64_t>(end - at_)));
  if (ok_ && words > end - at_) fail("%s end outside of the record", what);
  if (ok_ && skip) at_ += words;
  if (ok_ && !skip) records(at_ + words, depth + 1);
}

// IF after its kind and length.
void Decoder::conditional(size_t end, int depth) {
  name_ = "if";
  const int64_t condition = cell("condition", Type::boolean, false);
  if (ok_ && condition < 0) fail("there is no condition");
  const uint32_t unless = static_cast<uint32_t>(plan_->program.size());
  if (ok_) plan_->program.push_back({Instruction::jumpUnless, static_cast<uint32_t>(condition), 0});
  branch("a branch's words", end, depth);
  const uint32_t past = static_cast<uint32_t>(plan_->program.size());
  if (ok_) plan_->program.push_back({Instruction::jump, 0, 0});
  if (ok_) plan_->program[unless].target = past + 1;
  branch("a branch's words", end, depth);
  if (ok_) plan_->program[past].target = static_cast<uint32_t>(plan_->program.size());
}

// Decodes records up to the word `end`; their number.
int64_t Decoder::records(size_t end, int depth) {
  int64_t count = 0;
  if (depth > kMaxNesting) fail("records are nested too deeply");
  for (; ok_ && at_ < end; count++) {
    record_++;
    name_ = "record";
    const size_t start = at_;
    const int64_t kind = integer("the kind of a record", format::step, loop);
    const size_t length =
        static_cast<size_t>(integer("the length of a record", 2, static_cast<int64_t>(end - start)));
    if (!ok_) return count;
    const long record = record_;
    if (kind == format::step) {
      step();
    } else if (kind == ifElse) {
      conditional(start + length, depth);
    } else {
      loopRecord(start + length, depth);
    }
    if (ok_ && at_ != start + length) {
      record_ = record;
      fail("the record is %zu words long, not %zu", at_ - start, length);
    }
  }
  return count;
}

// Every step prefetches for the one that reads a large weight after it.
void Decoder::setNext() {
  const void* next = nullptr;
  size_t bytes = 0;
  for (size_t i = plan_->steps.size(); i-- > 0;) {
    PlanStep& s = plan_->steps[i];
    s.next = next;
    s.nextBytes = bytes;
    size_t largest = kPrefetchFrom - 1;
    for (uint32_t j = s.firstIn; j < s.firstIn + s.inCount; j++) {
      const size_t extent = static_cast<size_t>(extentBytes(plan_->operands[j]));
      if (plan_->places[j].kind != weight || extent <= largest) continue;
      next = plan_->operands[j].data;
      bytes = largest = extent;
    }
  }
}

std::unique_ptr<const BoundPlan> Decoder::decode(const std::vector<std::string>& kernels) {
  header(kernels.size());
  if (!ok_ || !resolveKernels(kernels)) return nullptr;
  const int64_t inputCount = integer("inputs", 0, kMaxPorts);
  const int64_t outputCount = integer("outputs", 0, kMaxPorts);
  const int64_t bufferCount = integer("buffers", 0, kMaxBuffers);
  const int64_t recordCount = integer("records", 0, kMaxWords);
  ports("an input", inputCount, &plan_->inputs);
  ports("an output", outputCount, &plan_->outputs);
  buffers(bufferCount);
  const int64_t found = records(count_, 0);
  record_ = -1;
  if (found != recordCount)
    fail("there are %lld records, not %lld", static_cast<long long>(found),
         static_cast<long long>(recordCount));
  if (!ok_) return nullptr;
  setNext();
  plan_->fit();
  static std::atomic<uint64_t> serials{0};
  plan_->serial = ++serials;
  return std::move(plan_);
}

std::unique_ptr<const BoundPlan> decode(const double* words, size_t count,
                                        const std::vector<std::string>& kernels, Weights weights,
                                        const Selection& selection, Failure* failure) {
  return Decoder(words, count, weights, selection, failure).decode(kernels);
}

}  // namespace haio
