// LOOP records: what runs, what decode refuses, and that a run that stops within a loop leaves no trace.
#include <string.h>

#include "exec/executor.h"
#include "plan/decode.h"
#include "test/check.h"
#include "test/plan_words.h"

namespace haio {
namespace {

using namespace format;
using test::dense;
using test::LoopWords;
using test::PlanWords;
using test::StepWords;
using test::Tensor;
using test::Words;

std::unique_ptr<const BoundPlan> decodePlan(const PlanWords& plan, Failure* failure) {
  const Words words = plan.words();
  return decode(words.data(), words.size(), plan.kernels, {nullptr, 0}, *select("", failure), failure);
}
#define REFUSED(plan, part)                       \
  do {                                            \
    Failure failure;                              \
    CHECK(decodePlan(plan, &failure) == nullptr); \
    CHECK_REASON(failure, part);                  \
  } while (0)

const Tensor nothing = {absent, 0, 0, Type::f32, {}, {}};
Tensor row(PlaceKind kind, double index, double offset = 0) {
  return dense(kind, index, Type::f32, {1, 8}, offset);
}
Words square(const Tensor& in, const Tensor& out) {
  return StepWords{.kernel = 0, .items = 1, .in = {in}, .out = {out}}.words();
}

// Inputs: x [trips, 8], the state's start [8], a limit, a condition. Outputs: the squares of the rows of
// x, last row first; the start squared once per trip, and once more; the number of the last trip.
struct Squares {
  PlanWords plan;
  LoopWords loop;
  explicit Squares(double trips) {
    plan.kernels = {"square.f32|"};
    plan.arenaBytes = 128;
    plan.inputs = {{Type::f32, 32 * trips}, {Type::f32, 32}, {Type::i64, 8}, {Type::boolean, 1}};
    plan.outputs = {{Type::f32, 32 * trips}, {Type::f32, 32}, {Type::i64, 8}};
    plan.buffers = {{0, 128}};
    loop = {.trips = trips,
            .limit = dense(input, 2, Type::i64, {}),
            .first = dense(input, 3, Type::boolean, {}),
            .next = nothing,
            .counter = dense(output, 2, Type::i64, {}),
            .windows = {{input, 0, 0, 32, 32},
                        {output, 0, 32 * (trips - 1), 32, -32},
                        {arena, 0, 0, 32, 64, 1},
                        {arena, 0, 64, 32, -64, 1}},
            .end = square(row(window, 2), row(output, 1))};
    loop.trip = square(row(window, 0), row(window, 1));
    test::append(loop.trip, square(row(window, 2), row(window, 3)));
  }
  PlanWords words() const {
    PlanWords p = plan;
    p.records = {square(row(input, 1), row(arena, 0)), loop.words()};
    return p;
  }
};

void runs() {
  constexpr int kTrips = 3;
  Failure failure;
  const auto plan = decodePlan(Squares(kTrips).words(), &failure);
  if (!CHECK(plan != nullptr)) return void(puts(failure.reason));
  Lane lane;
  LaneOperands operands;
  float x[kTrips * 8], start[8], y[kTrips * 8], state[8];
  for (int i = 0; i < kTrips * 8; i++) x[i] = static_cast<float>(i);
  for (float& s : start) s = 1.5f;
  for (const int64_t limit : {int64_t{3}, int64_t{-4}, int64_t{1}, int64_t{2}, INT64_MAX}) {
    for (const uint8_t first : {1, 0}) {
      int64_t counter = -1;
      memset(y, 0, sizeof y);
      void* in[] = {x, start, const_cast<int64_t*>(&limit), const_cast<uint8_t*>(&first)};
      void* out[] = {y, state, &counter};
      CHECK(lane.prepare(*plan, 1, &failure));
      lane.place(*plan, &operands, in, out);
      execute(*plan, operands, lane, 1);
      const int trips = !first || limit < 0 ? 0 : limit > kTrips ? kTrips : static_cast<int>(limit);
      CHECK(counter == trips - 1);
      float want = 1.5f * 1.5f;
      for (int t = 0; t <= trips; t++) want *= want;
      CHECK(state[7] == want);
      for (int t = 0; t < kTrips; t++)
        CHECK(y[(kTrips - 1 - t) * 8 + 7] == (t < trips ? x[t * 8 + 7] * x[t * 8 + 7] : 0));
    }
  }
  // No trip: rows of x need not be there.
  const auto empty = decodePlan(Squares(0).words(), &failure);
  if (!CHECK(empty != nullptr)) return void(puts(failure.reason));
}

// A run that is stopped within a loop and the next one.
void stops() {
  Squares squares(2);
  squares.plan.kernels.push_back("complain.i32|");
  test::append(
      squares.loop.trip,
      StepWords{.kernel = 1, .items = 4, .in = {}, .out = {dense(arena, 1, Type::i32, {4})}}.words());
  squares.plan.buffers.push_back({128, 16});
  squares.plan.arenaBytes = 192;
  Failure failure;
  const auto plan = decodePlan(squares.words(), &failure);
  if (!plan) return void(puts(failure.reason));
  Lane lane;
  LaneOperands operands;
  float x[16] = {}, start[8] = {}, y[16], state[8];
  int64_t limit = 2, counter;
  uint8_t first = 1;
  void* in[] = {x, start, &limit, &first};
  void* out[] = {y, state, &counter};
  for (int round = 0; round < 2; round++) {
    CHECK(lane.prepare(*plan, 1, &failure));
    lane.place(*plan, &operands, in, out);
    execute(*plan, operands, lane, 1);
    CHECK(lane.status.code != 0);
    CHECK(operands.arena == nullptr);
  }
}

void refuses() {
  const Squares good(3);
  const auto with = [&](auto change) {
    Squares s = good;
    change(s);
    return s.words();
  };
  REFUSED(with([](Squares& s) { s.loop.trips = 4; }), "leaves its memory");
  REFUSED(with([](Squares& s) { s.loop.trips = 1099511627776.; }), "leaves its memory");
  REFUSED(with([](Squares& s) { s.loop.trips = 1e13; }), "trips");
  REFUSED(with([](Squares& s) { s.loop.windows[0].advance = 36; }), "leaves its memory");
  REFUSED(with([](Squares& s) { s.loop.windows[0].advance = -32; }), "leaves its memory");
  REFUSED(with([](Squares& s) { s.loop.windows[1].offset = 32; }), "leaves its memory");
  REFUSED(with([](Squares& s) { s.loop.windows[2].advance = 128; }), "leaves its memory");
  REFUSED(with([](Squares& s) { s.loop.windows[0].advance = 30; }), "not aligned");
  REFUSED(with([](Squares& s) { s.loop.windows[0].offset = 2, s.loop.windows[0].advance = 28; }), "aligned");
  REFUSED(with([](Squares& s) { s.loop.windows[0].bytes = 28; }), "outside its buffer");
  REFUSED(with([](Squares& s) { s.loop.windows[0].index = 9; }), "not there");
  REFUSED(with([](Squares& s) { s.loop.windows[0].kind = window; }), "not there");
  // Both states in one place, apart only in every other trip, or one that stands still.
  REFUSED(with([](Squares& s) { s.loop.windows[3].offset = 0, s.loop.windows[3].advance = 64; }), "overlaps");
  REFUSED(with([](Squares& s) { s.loop.windows[3].advance = 0; }), "overlaps");
  REFUSED(with([](Squares& s) { s.loop.windows[3] = {arena, 0, 64, 32, 0, 0}; }), "overlaps");
  // The last trip's place of what moves on is no place any more; nor is a window outside of its loop.
  REFUSED(with([](Squares& s) { s.loop.end = square(row(window, 0), row(output, 1)); }),
          "outside its buffer");
  PlanWords after = good.words();
  after.records.push_back(square(row(window, 2), row(output, 1)));
  REFUSED(after, "outside its buffer");
  REFUSED(with([](Squares& s) { s.loop.counter = dense(input, 2, Type::i64, {}); }), "not writable");
  REFUSED(with([](Squares& s) { s.loop.counter = dense(output, 2, Type::i64, {2}); }), "");
  REFUSED(with([](Squares& s) { s.loop.limit = dense(input, 0, Type::f32, {}); }), "not one int64");
  REFUSED(with([](Squares& s) { s.loop.first = dense(input, 0, Type::f32, {}); }), "not one bool");
  PlanWords deep = good.plan;
  Words nested = {};
  for (int i = 0; i < 40; i++)
    nested = LoopWords{.trips = 2,
                       .limit = nothing,
                       .first = nothing,
                       .next = nothing,
                       .counter = nothing,
                       .trip = nested}
                 .words();
  deep.records = {nested};
  REFUSED(deep, "too deeply");
}

}  // namespace
}  // namespace haio

int main() {
  haio::runs();
  haio::stops();
  haio::refuses();
  return haio::test::verdict();
}
