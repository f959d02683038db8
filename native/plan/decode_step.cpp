#include <string.h>

#include "plan/decoder.h"
#include "plan/format.h"
#include "plan/operand.h"

namespace haio {

using namespace format;

namespace {

constexpr int64_t kPadding = 16;  // absent operands behind a step's inputs, so that optional ones can be read

void ignoreReport(Status*, int32_t, int64_t) {}

// 'chain.f32' → "f32". Stages inside other kernels compute on f32 tiles, or on those of a f64 or i64 kernel.
const char* stageDomain(const char* kernel) {
  const char* dot = strrchr(kernel, '.');
  return dot && (strcmp(dot, ".f64") == 0 || strcmp(dot, ".i64") == 0) ? dot + 1 : "f32";
}
bool isChain(const OpRow* row) { return strncmp(row->name, "chain.", 6) == 0; }

}  // namespace

const Kernel* Decoder::kernel() {
  if (kernels_.empty()) fail("a kernel is named, but the plan has none");
  if (!ok_) return nullptr;
  const int64_t index = integer("kernel", 0, static_cast<int64_t>(kernels_.size()) - 1);
  return ok_ ? &kernels_[static_cast<size_t>(index)] : nullptr;
}

Located Decoder::operand(const char* what, int64_t index) {
  Located out;
  out.place.kind = static_cast<uint8_t>(integer(what, absent, window));
  if (out.place.kind == absent) return out;
  Operand& o = out.operand;
  out.place.index = static_cast<uint32_t>(integer("an operand's index", 0, kMaxBuffers));
  out.place.offset = static_cast<size_t>(integer("an operand's offset", 0, kMaxBytes));
  o.type = static_cast<Type>(integer("an operand's type", 0, static_cast<int64_t>(Type::string) - 1));
  o.rank = static_cast<uint8_t>(integer("an operand's rank", 0, kMaxRank));
  for (int i = 0; i < o.rank; i++) o.dims[i] = integer("a dimension", 0, kMaxElements);
  for (int i = 0; i < o.rank; i++) o.strides[i] = integer("a stride", 0, kMaxElements);
  if (ok_ && !locate(&out, what, index) && ok_)
    fail("%s %lld lies outside its buffer", what, static_cast<long long>(index));
  return out;
}

// Whether the operand lies inside its buffer; makes its offset relative to the arena, input or output.
bool Decoder::locate(Located* located, const char* what, int64_t index) {
  Operand& o = located->operand;
  Place& place = located->place;
  const long long number = static_cast<long long>(index);
  const size_t size = typeBytes(o.type);
  const int64_t extent = extentBytes(o);
  if (extent == 0) place.offset = 0;  // nothing is there, so anywhere will do: views may end behind a buffer
  if (place.offset % size != 0)
    fail("%s %lld: offset %zu is not aligned to %s", what, number, place.offset, typeName(o.type));
  if (elementCount(o) > kMaxElements) fail("%s %lld has too many elements", what, number);
  const auto inside = [&](size_t bytes) {
    return extent >= 0 && place.offset <= bytes && static_cast<size_t>(extent) <= bytes - place.offset;
  };
  // Addresses that only say "present": checks do not look at data, and a run replaces them.
  char* const stand = reinterpret_cast<char*>(uintptr_t{4096});
  // The caller's memory is aligned to the elements of the port, so to nothing wider.
  const auto fitsPort = [&](const Place& p, size_t bytes) {
    const Type type = (p.kind == input ? plan_->inputs : plan_->outputs)[p.index].type;
    if (bytes > typeBytes(type))
      fail("%s %lld: %s in memory of %s", what, number, typeName(o.type), typeName(type));
    return true;
  };
  switch (place.kind) {
    case arena: {
      if (place.index >= buffers_.size()) return false;
      const Buffer& buffer = buffers_[place.index];
      if (!inside(buffer.bytes)) return false;
      place.offset += buffer.offset;
      o.data = stand + place.offset;
      return true;
    }
    case weight:
      o.data = weights_.data + place.offset;
      return place.index == 0 && inside(weights_.bytes);
    case window: {
      const Window* w = windowAt(place.index);
      if (!w || !inside(w->bytes)) return false;
      located->window = static_cast<int32_t>(place.index);
      for (const Window* outer = w; outer; outer = windowAt(outer->parent)) {
        if (outer->advance % static_cast<int64_t>(size) != 0)
          fail("%s %lld moves by %lld bytes: not aligned to %s", what, number,
               static_cast<long long>(outer->advance), typeName(o.type));
      }
      place = {w->place.kind, w->place.index, w->place.offset + place.offset};
      if (place.offset % size != 0) fail("%s %lld is not aligned to %s", what, number, typeName(o.type));
      o.data = (place.kind == weight ? weights_.data : stand) + place.offset;
      return place.kind == arena || place.kind == weight || fitsPort(place, size);
    }
    default: {
      const std::vector<Port>& list = place.kind == input ? plan_->inputs : plan_->outputs;
      o.data = stand + place.offset;
      return place.index < list.size() && inside(list[place.index].bytes) && fitsPort(place, size);
    }
  }
}

const void* Decoder::params(const Kernel& kernel) {
  const int64_t count = kernel.fieldCount;
  integer("the number of parameters", count, count);
  if (!ok_) return nullptr;
  char* out = static_cast<char*>(plan_->store.take(kernel.op.row->paramsBytes));
  for (int i = 0; ok_ && i < kernel.fieldCount; i++) {
    const Field& field = kernel.fields[i];
    const int length = static_cast<int>(field.nameLength);
    if (at_ >= count_) {
      fail("the words end before parameter %.*s", length, field.name);
    } else if (!storeParam(field, words_[at_], out)) {
      fail("parameter %.*s of %s cannot be %.17g", length, field.name, kernel.op.row->name, words_[at_]);
    }
    at_++;
  }
  return out;
}

const Stages* Decoder::stages(const Kernel& carrier, const std::vector<Located>& inputs) {
  const int64_t count = integer("the number of stages", 0, kMaxStages);
  if (!ok_ || count == 0) return nullptr;
  const OpRow* row = carrier.op.row;
  const size_t own = isChain(row) ? 0 : row->maxInputs;
  if (inputs.size() < own) fail("stages follow %zu inputs, but the kernel's own are %zu", inputs.size(), own);
  if (!ok_) return nullptr;
  const size_t operands = inputs.size() - own;
  const size_t slots = isChain(row) ? operands : operands + 1;
  for (size_t i = own; i < inputs.size(); i++) {
    if (inputs[i].place.kind == absent) fail("input %zu belongs to the stages and is absent", i);
  }
  Stage* list = static_cast<Stage*>(plan_->store.take(static_cast<size_t>(count) * sizeof(Stage)));
  for (int64_t s = 0; ok_ && s < count; s++) {
    const Kernel* k = kernel();
    if (!k) return nullptr;
    const char* name = k->op.row->name;
    const char* dot = strrchr(name, '.');
    if (!k->op.row->stage) fail("kernel '%s' is no stage", name);
    if (!dot || strcmp(dot + 1, stageDomain(row->name)) != 0)
      fail("stage '%s' does not compute in %s", name, stageDomain(row->name));
    if (k->op.row->minInputs > sizeof list->args) fail("stage '%s' has too many arguments", name);
    list[s].fn = k->op.row->stage;
    list[s].params = params(*k);
    const int64_t args = k->op.row->minInputs;
    list[s].argCount = static_cast<uint8_t>(integer("a stage's number of arguments", args, args));
    const int64_t last = static_cast<int64_t>(slots) + s - 1;
    if (args > 0 && last < 0) fail("stage '%s' has no slot to read", name);
    for (int64_t i = 0; ok_ && i < args; i++)
      list[s].args[i] = static_cast<uint8_t>(integer("a slot", 0, last < 255 ? last : 255));
  }
  Stages* out = static_cast<Stages*>(plan_->store.take(sizeof(Stages)));
  *out = {list, static_cast<size_t>(count), own};
  return out;
}

// Outputs lie in the arena or in outputs, cover distinct elements, and meet neither each other nor
// an input, except inputs of `inplace` that are the same elements as output 0.
void Decoder::checkOverlaps(const std::vector<Located>& inputs, const std::vector<Located>& outputs,
                            int64_t inplace) {
  for (size_t i = 0; i < outputs.size(); i++) {
    const Located& out = outputs[i];
    if (out.place.kind != arena && out.place.kind != output)
      return fail("output %zu is not writable memory", i);
    if (!distinctElements(out.operand)) return fail("output %zu covers an element twice", i);
    for (size_t j = 0; j < i; j++) {
      if (!apart(out, outputs[j])) return fail("outputs %zu and %zu overlap", j, i);
    }
    for (size_t j = 0; j < inputs.size(); j++) {
      const Located& in = inputs[j];
      if (in.place.kind == absent || apart(out, in)) continue;
      const bool same = in.window == out.window && in.place.offset == out.place.offset &&
                        sameGeometry(in.operand, out.operand);
      const bool allowed = i == 0 && j < 53 && (inplace >> j & 1);
      if (!same || !allowed) return fail("output %zu overlaps input %zu", i, j);
    }
  }
}

uint32_t Decoder::keep(const std::vector<Located>& list) {
  const uint32_t first = static_cast<uint32_t>(plan_->operands.size());
  for (const Located& l : list) {
    if (l.place.kind == input || l.place.kind == output)
      plan_->ports.push_back(static_cast<uint32_t>(plan_->operands.size()));
    for (const Window* w = windowAt(l.window); w; w = windowAt(w->parent)) {
      plan_->loops[w->loop].slides.push_back(
          {static_cast<uint32_t>(plan_->operands.size()), w->alternates, w->advance});
    }
    plan_->operands.push_back(l.operand);
    plan_->places.push_back(l.place);
  }
  return first;
}

void Decoder::step() {
  const Kernel* k = kernel();
  if (!k) return;
  const OpRow* row = k->op.row;
  name_ = row->name;
  if (!row->run || !row->check) return fail("the kernel is no step");
  PlanStep s = {};
  s.run = row->run;
  s.items = static_cast<size_t>(integer("items", 0, kMaxElements));
  s.grain = static_cast<size_t>(integer("grain", 0, kMaxElements));
  const size_t scratch =
      static_cast<size_t>(integer("scratchBytes", 0, static_cast<int64_t>(plan_->scratchBytes)));
  s.origin = static_cast<int32_t>(integer("origin", 0, INT32_MAX));
  const int64_t inplace = integer("inplace", 0, kMaxInteger);
  s.params = params(*k);

  std::vector<Located> inputs, outputs;
  const int64_t inCount = integer("the number of inputs", row->minInputs, kMaxOperands);
  for (int64_t i = 0; ok_ && i < inCount; i++) {
    inputs.push_back(operand("input", i));
    if (i < row->minInputs && inputs.back().place.kind == absent)
      fail("input %lld is absent", static_cast<long long>(i));
  }
  const int64_t outCount = integer("the number of outputs", row->outputs, row->outputs);
  for (int64_t i = 0; ok_ && i < outCount; i++) {
    outputs.push_back(operand("output", i));
    if (outputs.back().place.kind == absent) fail("output %lld is absent", static_cast<long long>(i));
  }
  s.stages = stages(*k, inputs);
  if (ok_ && !s.stages && !isChain(row) && inCount > row->maxInputs)
    fail("%lld inputs, at most %d", static_cast<long long>(inCount), row->maxInputs);
  if (!ok_) return;
  checkOverlaps(inputs, outputs, inplace);
  if (!ok_ || s.items == 0) return;

  s.inCount = static_cast<uint32_t>(inputs.size());
  s.outCount = static_cast<uint32_t>(outputs.size());
  while (inputs.size() < row->maxInputs && inputs.size() < kPadding) inputs.push_back({});
  s.firstIn = keep(inputs);
  s.firstOut = keep(outputs);
  const std::vector<GemmRow>& gemm = selection_.gemmRows(k->op.isa);
  s.rows = gemm.data();
  s.rowCount = gemm.size();
  Status status = {};
  const StepArgs args = {&plan_->operands[s.firstIn],
                         &plan_->operands[s.firstOut],
                         s.inCount,
                         s.outCount,
                         s.params,
                         nullptr,
                         s.rows,
                         s.rowCount,
                         s.stages,
                         &status,
                         ignoreReport,
                         0,
                         s.items,
                         nullptr,
                         0,
                         nullptr};
  if (const char* wrong = row->check(args, scratch)) return fail("%s", wrong);
  plan_->program.push_back({Instruction::run, static_cast<uint32_t>(plan_->steps.size()), 0});
  plan_->steps.push_back(s);
}

}  // namespace haio
