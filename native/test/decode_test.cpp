// What decode accepts, and what it refuses; then executor and lanes over what it made.
#include "plan/decode.h"

#include <math.h>
#include <string.h>

#include "exec/executor.h"
#include "exec/session.h"
#include "plan/operand.h"
#include "test/check.h"
#include "test/plan_words.h"

namespace haio {
namespace {

using namespace format;
using test::dense;
using test::PlanWords;
using test::StepWords;
using test::Tensor;
using test::Words;

const Selection& any() {
  Failure failure;
  return *select("", &failure);
}
alignas(64) char weightBytes[8192];

std::unique_ptr<const BoundPlan> decodeWords(const Words& words, const std::vector<std::string>& kernels,
                                             Failure* failure) {
  return decode(words.data(), words.size(), kernels, {weightBytes, sizeof weightBytes}, any(), failure);
}
Failure refusal(const PlanWords& plan) {
  Failure failure;
  CHECK(decodeWords(plan.words(), plan.kernels, &failure) == nullptr);
  return failure;
}
#define REFUSED(plan, part)                \
  do {                                     \
    const Failure failure = refusal(plan); \
    CHECK(!strcmp(failure.code, "plan"));  \
    CHECK_REASON(failure, part);           \
  } while (0)

// input 0 [4, 8] → square → arena → square → output 0
PlanWords twoSquares() {
  PlanWords p;
  p.arenaBytes = 256;
  p.kernels = {"square.f32|"};
  p.inputs = {{Type::f32, 128}};
  p.outputs = {{Type::f32, 128}};
  p.buffers = {{64, 128}};
  const Tensor middle = dense(arena, 0, Type::f32, {4, 8});
  p.records = {
      StepWords{.kernel = 0, .items = 4, .in = {dense(input, 0, Type::f32, {4, 8})}, .out = {middle}}.words(),
      StepWords{
          .kernel = 0, .items = 4, .origin = 1, .in = {middle}, .out = {dense(output, 0, Type::f32, {4, 8})}}
          .words()};
  return p;
}
// One step of twoSquares, changed.
template <class Change>
PlanWords oneSquare(Change change) {
  PlanWords p = twoSquares();
  StepWords s{.kernel = 0,
              .items = 4,
              .in = {dense(input, 0, Type::f32, {4, 8})},
              .out = {dense(output, 0, Type::f32, {4, 8})}};
  change(p, s);
  p.records = {s.words()};
  return p;
}

void accepts() {
  Failure failure;
  const PlanWords p = twoSquares();
  const auto plan = decodeWords(p.words(), p.kernels, &failure);
  if (!CHECK(plan != nullptr)) return;
  CHECK(plan->steps.size() == 2 && plan->program.size() == 2);
  CHECK(plan->arenaBytes == 256 && plan->inputs.size() == 1 && plan->outputs[0].bytes == 128);
  CHECK(plan->steps[1].origin == 1);
  CHECK(plan->places[1].kind == arena && plan->places[1].offset == 64);

  Lane lane;
  LaneOperands operands;
  float x[32], y[32];
  for (int i = 0; i < 32; i++) x[i] = static_cast<float>(i) / 8;
  void *in[] = {x}, *out[] = {y};
  for (int round = 0; round < 3; round++) {
    memset(y, 0, sizeof y);
    CHECK(lane.prepare(*plan, 2, &failure));
    lane.place(*plan, &operands, in, out);
    execute(*plan, operands, lane, 2);
    bool right = lane.status.code == 0;
    for (int i = 0; i < 32; i++) right = right && y[i] == x[i] * x[i] * x[i] * x[i];
    CHECK(right);
    CHECK(lane.allocations() == 3);  // arena, scratch, operands: all by the first run
  }
}

void refusesHeader() {
  const PlanWords good = twoSquares();
  const auto with = [&](int word, double value, const char* part) {
    Words w = good.words();
    w[static_cast<size_t>(word)] = value;
    Failure failure;
    CHECK(!decodeWords(w, good.kernels, &failure));
    CHECK_REASON(failure, part);
  };
  with(magic, 1, "magic");
  with(version, 2, "version");
  with(words, 5, "words");
  with(words, NAN, "words");
  with(arenaBytes, -1, "arenaBytes");
  with(arenaBytes, 1e300, "arenaBytes");
  with(arenaBytes, 128, "outside the arena");
  with(scratchBytes, 1.5, "scratchBytes");
  with(scratchBytes, 1e12, "scratchBytes");
  with(inputs, 100, "");
  with(inputs, 1e15, "inputs");
  with(records, 3, "records");
  with(kHeaderWords, 13, "an input");            // string
  with(kHeaderWords + 4, 32, "multiple of 64");  // buffer offset
  with(kHeaderWords + 5, 1e18, "bytes");
  Words cut = good.words();
  for (size_t n = 0; n < cut.size(); n++) {
    Words part(cut.begin(), cut.begin() + static_cast<long>(n));
    if (n > words) part[words] = static_cast<double>(n);
    Failure failure;
    CHECK(!decodeWords(part, good.kernels, &failure));
  }
}

void refusesKernels() {
  PlanWords p = twoSquares();
  p.kernels = {"cube.f32|"};
  REFUSED(p, "no kernel 'cube.f32'");
  p.kernels = {"square.f32|axis:i32"};
  REFUSED(p, "has the parameters ()");
  p.kernels = {"wrong.f32|axis:i32"};
  REFUSED(p, "do not match");
  p.kernels = {};
  REFUSED(p, "none");
  p.kernels = {"add.f32|"};
  REFUSED(p, "no step");
  REFUSED(oneSquare([](PlanWords&, StepWords& s) { s.kernel = 1; }), "kernel is 1");
  REFUSED(oneSquare([](PlanWords&, StepWords& s) { s.params = {1}; }), "number of parameters");
}

void refusesOperands() {
  const auto in = [](Tensor t, const char* part) {
    REFUSED(oneSquare([&](PlanWords&, StepWords& s) { s.in[0] = t; }), part);
  };
  in(dense(input, 1, Type::f32, {4, 8}), "outside its buffer");
  in(dense(input, 0, Type::f32, {5, 8}), "outside its buffer");
  in(dense(input, 0, Type::f32, {4, 8}, 4), "outside its buffer");
  in(dense(input, 0, Type::f32, {4, 8}, 2), "aligned");
  in(dense(arena, 1, Type::f32, {4, 8}), "outside its buffer");
  in(dense(weight, 1, Type::f32, {4, 8}), "outside its buffer");
  in(dense(weight, 0, Type::f32, {4, 1024}), "outside its buffer");
  in(dense(input, 0, Type::f64, {4, 2}), "float64 in memory of float32");
  in({input, 0, 0, Type::f32, {4, 8}, {8, 1099511627776.}}, "outside its buffer");
  in({input, 0, 0, Type::f32, {1099511627776., 1099511627776.}, {0, 0}}, "too many elements");
  in({input, 0, 0, Type::f32, {4, 8}, {8, -1}}, "a stride");
  in({input, 0, 0, Type::f32, {4, 8.5}, {8, 1}}, "a dimension");
  in({input, 0, 0, Type::string, {4, 8}, {8, 1}}, "type");
  in({input, 0, 0, Type::f32, {1, 1, 1, 1, 1, 1, 1, 4, 8}, {1, 1, 1, 1, 1, 1, 1, 8, 1}}, "rank");
  in({static_cast<PlaceKind>(6), 0, 0, Type::f32, {4, 8}, {8, 1}}, "input is 6");
  in({absent, 0, 0, Type::f32, {}, {}}, "input 0 is absent");
  in(dense(input, 0, Type::f32, {4, 4}), "shapes differ");  // the kernel's own check

  const auto out = [](Tensor t, const char* part) {
    REFUSED(oneSquare([&](PlanWords&, StepWords& s) { s.out[0] = t; }), part);
  };
  out(dense(weight, 0, Type::f32, {4, 8}), "not writable");
  out(dense(input, 0, Type::f32, {4, 8}), "not writable");
  out({output, 0, 0, Type::f32, {4, 8}, {0, 1}}, "twice");
  out({output, 0, 0, Type::f32, {4, 8}, {4, 1}}, "twice");
  out({absent, 0, 0, Type::f32, {}, {}}, "output 0 is absent");
  REFUSED(oneSquare([](PlanWords&, StepWords& s) { s.items = 5; }), "items must be the rows");
  REFUSED(oneSquare([](PlanWords&, StepWords& s) { s.scratch = 1; }), "scratchBytes");
  REFUSED(oneSquare([](PlanWords&, StepWords& s) { s.in.push_back(s.in[0]); }), "2 inputs, at most 1");
  REFUSED(oneSquare([](PlanWords&, StepWords& s) { s.in.clear(); }), "number of inputs");
  REFUSED(oneSquare([](PlanWords&, StepWords& s) { s.out.push_back(s.out[0]); }), "number of outputs");
}

void overlaps() {
  // All in one arena buffer of rows of 8 f32.
  const auto step = [](Tensor in, Tensor out, double inplace) {
    return oneSquare([&](PlanWords& p, StepWords& s) {
      p.arenaBytes = 1024;
      p.buffers = {{0, 512}, {128, 512}};
      s.in[0] = in;
      s.out[0] = out;
      s.inplace = inplace;
    });
  };
  const auto at = [](double buffer, double offset, std::vector<double> dims, std::vector<double> strides) {
    return Tensor{arena, buffer, offset, Type::f32, std::move(dims), std::move(strides)};
  };
  Failure failure;
  const auto accepted = [&](const PlanWords& p) {
    return decodeWords(p.words(), p.kernels, &failure) != nullptr;
  };
  const Tensor whole = at(0, 0, {4, 8}, {8, 1});
  REFUSED(step(whole, whole, 0), "overlaps input 0");
  CHECK(accepted(step(whole, whole, 1)));
  REFUSED(step(whole, whole, 2), "overlaps input 0");
  REFUSED(step(whole, at(0, 4, {4, 8}, {8, 1}), 1), "overlaps input 0");
  CHECK(accepted(step(whole, at(1, 0, {4, 8}, {8, 1}), 0)));  // buffer 1 begins where it ends
  REFUSED(step(at(0, 64, {4, 8}, {8, 1}), at(1, 0, {4, 8}, {8, 1}), 0),
          "overlaps");  // buffers may overlap, operands not
  CHECK(accepted(step(at(0, 0, {4, 3}, {8, 1}), at(0, 12, {4, 3}, {8, 1}), 0)));  // two parts of one tensor
  REFUSED(step(at(0, 0, {4, 4}, {8, 1}), at(0, 12, {4, 4}, {8, 1}), 0), "overlaps");
}

void parameters() {
  PlanWords p;
  p.kernels = {"params.f64|axis:i32,wide:i64,epsilon:f32,real:f64"};
  p.outputs = {{Type::f64, 32}};
  StepWords s{.kernel = 0,
              .items = 1,
              .params = {-3, -9007199254740992., 0.5, -INFINITY},
              .out = {dense(output, 0, Type::f64, {4})}};
  p.records = {s.words()};
  Failure failure;
  const auto plan = decodeWords(p.words(), p.kernels, &failure);
  if (CHECK(plan != nullptr)) {
    Lane lane;
    LaneOperands operands;
    double out[4];
    void* outputs[] = {out};
    CHECK(lane.prepare(*plan, 1, &failure));
    lane.place(*plan, &operands, nullptr, outputs);
    execute(*plan, operands, lane, 1);
    CHECK(out[0] == -3 && out[1] == -9007199254740992. && out[2] == 0.5 && out[3] == -INFINITY);
  }
  const auto with = [&](size_t i, double value, const char* part) {
    StepWords changed = s;
    changed.params[i] = value;
    p.records = {changed.words()};
    REFUSED(p, part);
  };
  with(0, 2147483648., "axis");
  with(0, 0.5, "axis");
  with(0, NAN, "axis");
  with(1, INFINITY, "wide");
  with(1, 1e17, "wide");
}

void stages() {
  PlanWords p;
  p.kernels = {"chain.f32|", "add.f32|", "scale.f32|by:f32", "add.f64|", "gemm.f32|", "square.f32|"};
  p.inputs = {{Type::f32, 1200}, {Type::f32, 1200}};
  p.outputs = {{Type::f32, 1200}};
  const StepWords s{.kernel = 0,
                    .items = 1,
                    .in = {dense(input, 0, Type::f32, {300}), dense(input, 1, Type::f32, {300})},
                    .out = {dense(output, 0, Type::f32, {300})},
                    .stages = {{1, {}, {0, 1}}, {2, {3}, {2}}}};
  p.records = {s.words()};
  Failure failure;
  const auto plan = decodeWords(p.words(), p.kernels, &failure);
  if (CHECK(plan != nullptr)) {
    CHECK(plan->steps[0].stages->count == 2 && plan->steps[0].stages->firstOperand == 0);
    Lane lane;
    LaneOperands operands;
    float a[300], b[300], y[300];
    for (int i = 0; i < 300; i++) a[i] = static_cast<float>(i), b[i] = 1;
    void *in[] = {a, b}, *out[] = {y};
    CHECK(lane.prepare(*plan, 1, &failure));
    lane.place(*plan, &operands, in, out);
    execute(*plan, operands, lane, 1);
    bool right = true;
    for (int i = 0; i < 300; i++) right = right && y[i] == (a[i] + 1) * 3;
    CHECK(right);
  }
  const auto with = [&](auto change, const char* part) {
    StepWords changed = s;
    change(changed);
    p.records = {changed.words()};
    REFUSED(p, part);
  };
  with([](StepWords& c) { c.stages[1].args = {3}; }, "a slot");
  with([](StepWords& c) { c.stages[0].args = {0}; }, "number of arguments");
  with([](StepWords& c) { c.stages[0].kernel = 3; }, "does not compute in f32");
  with([](StepWords& c) { c.stages[0].kernel = 5; }, "is no stage");
  with([](StepWords& c) { c.stages[1].params = {}; }, "number of parameters");
  with([](StepWords& c) { c.in[0] = {absent, 0, 0, Type::f32, {}, {}}; }, "absent");
  // A gemm: three inputs of its own (one absent), then one for the stages; slot 0 is the tile.
  StepWords g = s;
  g.kernel = 4;
  g.in = {s.in[0], s.in[1], {absent, 0, 0, Type::f32, {}, {}}, s.in[0]};
  p.records = {g.words()};
  const auto gemm = decodeWords(p.words(), p.kernels, &failure);
  if (CHECK(gemm != nullptr))
    CHECK(gemm->steps[0].stages->firstOperand == 3 && gemm->operands[2].data == nullptr);
  g.in.pop_back();
  p.records = {g.words()};
  REFUSED(p, "a slot");
  g.in.pop_back();
  p.records = {g.words()};
  REFUSED(p, "stages follow 2 inputs");
}

void branches() {
  PlanWords p = twoSquares();
  p.kernels.push_back("complain.i32|");
  p.inputs.push_back({Type::boolean, 1});
  const auto square = [](double in) {
    return StepWords{.kernel = 0,
                     .items = 4,
                     .in = {dense(input, in, Type::f32, {4, 8})},
                     .out = {dense(output, 0, Type::f32, {4, 8})}}
        .words();
  };
  p.inputs.push_back({Type::f32, 128});
  const Tensor condition = dense(input, 1, Type::boolean, {});
  p.records = {test::ifWords(condition, square(0), square(2))};
  Failure failure;
  const auto plan = decodeWords(p.words(), p.kernels, &failure);
  if (!CHECK(plan != nullptr)) return;
  Lane lane;
  LaneOperands operands;
  float x[32], z[32], y[32];
  for (int i = 0; i < 32; i++) x[i] = 2, z[i] = 3;
  for (const uint8_t yes : {0, 1, 0}) {
    uint8_t flag = yes;
    void *in[] = {x, &flag, z}, *out[] = {y};
    CHECK(lane.prepare(*plan, 1, &failure));
    lane.place(*plan, &operands, in, out);
    execute(*plan, operands, lane, 1);
    CHECK(y[31] == (yes ? 4.f : 9.f));
  }
  p.records = {test::ifWords(dense(input, 0, Type::f32, {}), square(0), square(2))};
  REFUSED(p, "not one bool");
  p.records = {test::ifWords(condition, square(0), square(2))};
  p.records[0][7] += 1;
  REFUSED(p, "");
  Words nested = square(0);
  for (int i = 0; i < 40; i++) nested = test::ifWords(condition, nested, {});
  p.records = {nested};
  REFUSED(p, "too deeply");
  p.records = {{3, 2}};
  REFUSED(p, "kind of a record");
}

void reports() {
  PlanWords p;
  p.kernels = {"complain.i32|", "scratch.f32|"};
  p.outputs = {{Type::i32, 32}};
  p.scratchBytes = 8;
  const Tensor y = dense(output, 0, Type::i32, {8});
  p.records = {StepWords{.kernel = 1, .items = 500, .scratch = 8, .origin = 4, .out = {y}}.words(),
               StepWords{.kernel = 0, .items = 8, .grain = 4, .origin = 5, .out = {y}}.words(),
               StepWords{.kernel = 0, .items = 8, .origin = 6, .out = {y}}.words()};
  Failure failure;
  const auto plan = decodeWords(p.words(), p.kernels, &failure);
  if (!CHECK(plan != nullptr)) return;
  Lane lane;
  LaneOperands operands;
  int32_t out[8] = {};
  void* outputs[] = {out};
  CHECK(lane.prepare(*plan, 4, &failure));
  lane.place(*plan, &operands, nullptr, outputs);
  execute(*plan, operands, lane, 4);
  CHECK(lane.status.code == 1 && lane.status.step == 5 && lane.status.value >= 2);
  CHECK(out[7] == 7);
  lane.stop = true;
  execute(*plan, operands, lane, 4);
  CHECK(lane.status.code == 0);
}

void prefetches() {
  PlanWords p = oneSquare([](PlanWords&, StepWords&) {});
  p.outputs = {{Type::f32, 4096}};
  const auto step = [](Tensor in) {
    Tensor out = in;
    out.kind = output;
    out.offset = 0;
    return StepWords{.kernel = 0, .items = in.dims[0], .in = {in}, .out = {out}}.words();
  };
  p.records = {step(dense(weight, 0, Type::f32, {4, 8})), step(dense(weight, 0, Type::f32, {16, 64}, 4096)),
               step(dense(weight, 0, Type::f32, {4, 8}))};
  Failure failure;
  const auto plan = decodeWords(p.words(), p.kernels, &failure);
  if (!CHECK(plan != nullptr)) return;
  CHECK(plan->steps[0].next == weightBytes + 4096 && plan->steps[0].nextBytes == 4096);
  CHECK(plan->steps[1].next == nullptr && plan->steps[2].next == nullptr);
}

// An arena that recent runs had no use for is given back; what they need stays.
void shrinks() {
  PlanWords p = twoSquares();
  Failure failure;
  const auto small = decodeWords(p.words(), p.kernels, &failure);
  p.arenaBytes = 1 << 23;
  const auto large = decodeWords(p.words(), p.kernels, &failure);
  if (!CHECK(small && large)) return;
  Lane lane;
  CHECK(lane.prepare(*large, 1, &failure) && lane.arenaBytes() == 1 << 23);
  for (int i = 0; i < 63; i++) CHECK(lane.prepare(*small, 1, &failure) && lane.arenaBytes() == 1 << 23);
  for (int i = 0; i < 64; i++) CHECK(lane.prepare(*small, 1, &failure));
  CHECK(lane.arenaBytes() == 256);
  CHECK(lane.prepare(*large, 1, &failure) && lane.arenaBytes() == 1 << 23);
  lane.trim();
  CHECK(lane.arenaBytes() == 0 && lane.scratchBytes() == 0);
  CHECK(lane.prepare(*small, 1, &failure) && lane.arenaBytes() == 256);
}

// Selection: what a name means, and what may be forced.
void dispatch() {
  Failure failure;
  const Selection& all = any();
  CHECK(!strcmp(all.find("square.f32")->isa->name, "fast"));
  CHECK(!strcmp(all.find("chain.f32")->isa->name, "portable"));
  CHECK(!all.find("cube.f32"));
  const std::vector<GemmRow>& rows = all.gemmRows(all.find("square.f32")->isa);
  CHECK(rows.size() == 2 && !strcmp(rows[0].name, "quicker") && !strcmp(rows[1].name, "quick"));
  const Selection& slow = *select("portable", &failure);
  CHECK(!strcmp(slow.find("square.f32")->isa->name, "portable"));
  CHECK(slow.gemmRows(slow.isas()[0]).size() == 1);
  const Selection& fast = *select("fast", &failure);
  CHECK(fast.isas().size() == 2 && fast.gemmRows(fast.isas()[0]).size() == 1);
  CHECK(!strcmp(fast.find("chain.f32")->isa->name, "portable"));
  CHECK(select("fastplus", &failure)->isas().size() == 3);
  CHECK(!select("never", &failure));
  CHECK(!strcmp(failure.code, "isa"));
  CHECK_REASON(failure, "usable: fastplus, fast, portable");
  CHECK(!select("avx9", &failure));
  CHECK_REASON(failure, "no such ISA");
  setenv("HAIO_ISA", "portable", 1);
  CHECK(select("", &failure) == &slow);
  setenv("HAIO_ISA", "nonsense", 1);
  CHECK(!select("", &failure));
  unsetenv("HAIO_ISA");
}

// Random changes of words: decode answers, and what it accepts runs inside its memory (sanitizers watch).
void mutations() {
  PlanWords p = twoSquares();
  p.kernels = {"square.f32|", "chain.f32|", "add.f32|", "scale.f32|by:f32"};
  p.records.push_back(StepWords{.kernel = 1,
                                .items = 1,
                                .in = {dense(input, 0, Type::f32, {32}), dense(weight, 0, Type::f32, {32})},
                                .out = {dense(output, 0, Type::f32, {32})},
                                .stages = {{2, {}, {0, 1}}, {3, {2}, {2}}}}
                          .words());
  const Words good = p.words();
  uint32_t seed = 7;
  const auto random = [&](uint32_t below) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
  };
  static constexpr double kValues[] = {0,
                                       1,
                                       2,
                                       3,
                                       4,
                                       5,
                                       8,
                                       16,
                                       31,
                                       32,
                                       33,
                                       63,
                                       64,
                                       65,
                                       127,
                                       128,
                                       256,
                                       1e6,
                                       1099511627776.,
                                       9007199254740992.,
                                       -1,
                                       0.5,
                                       1e300};
  int accepted = 0;
  for (int round = 0; round < 30000; round++) {
    Words w = good;
    for (uint32_t n = 1 + random(3); n > 0; n--)
      w[random(static_cast<uint32_t>(w.size()))] = kValues[random(sizeof kValues / sizeof *kValues)];
    Failure failure;
    const auto plan = decodeWords(w, p.kernels, &failure);
    if (!plan) {
      if (!*failure.reason || strcmp(failure.code, "plan")) CHECK(!"refused without a reason");
      continue;
    }
    accepted++;
    std::vector<std::vector<char>> memory;
    std::vector<void*> in, out;
    size_t total = plan->arenaBytes;
    for (const Port& port : plan->inputs) total += port.bytes;
    for (const Port& port : plan->outputs) total += port.bytes;
    if (total > 1 << 20) continue;
    for (const Port& port : plan->inputs) in.push_back(memory.emplace_back(port.bytes + 1).data());
    for (const Port& port : plan->outputs) out.push_back(memory.emplace_back(port.bytes + 1).data());
    Lane lane;
    LaneOperands operands;
    CHECK(lane.prepare(*plan, 1, &failure));
    lane.place(*plan, &operands, in.data(), out.data());
    execute(*plan, operands, lane, 1);
  }
  CHECK(accepted > 500 && accepted < 20000);
}

}  // namespace
}  // namespace haio

int main() {
  haio::accepts();
  haio::refusesHeader();
  haio::refusesKernels();
  haio::refusesOperands();
  haio::overlaps();
  haio::parameters();
  haio::stages();
  haio::branches();
  haio::reports();
  haio::prefetches();
  haio::shrinks();
  haio::dispatch();
  haio::mutations();
  return haio::test::verdict();
}
