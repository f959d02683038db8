// LOOP records: windows, and what they mean for the operands in them.
#include "plan/decoder.h"
#include "plan/format.h"
#include "plan/operand.h"

namespace haio {

using namespace format;

const Window* Decoder::windowAt(int64_t index) const {
  if (index < 0 || index >= static_cast<int64_t>(windows_.size())) return nullptr;
  const Window& w = windows_[static_cast<size_t>(index)];
  return w.open ? &w : nullptr;
}

// Whether two operands share no byte, in any trip.
bool Decoder::apart(const Located& a, const Located& b) const {
  if (a.place.kind != b.place.kind) return true;
  if (a.place.kind != arena && a.place.index != b.place.index) return true;
  const auto atTheseStarts = [&](int64_t moveA, int64_t moveB) {
    return disjoint(a.operand, static_cast<size_t>(static_cast<int64_t>(a.place.offset) + moveA), b.operand,
                    static_cast<size_t>(static_cast<int64_t>(b.place.offset) + moveB));
  };
  if (a.window == b.window) return atTheseStarts(0, 0);
  const Window *u = windowAt(a.window), *v = windowAt(b.window);
  // Both move with the trips of one loop.
  if (u && v && u->loop == v->loop && u->parent == v->parent && u->alternates && v->alternates)
    return atTheseStarts(0, 0) && atTheseStarts(u->advance, v->advance);
  const int64_t bytesA = extentBytes(a.operand), bytesB = extentBytes(b.operand);
  const int64_t startA = static_cast<int64_t>(a.place.offset) + (u ? u->low : 0);
  const int64_t startB = static_cast<int64_t>(b.place.offset) + (v ? v->low : 0);
  const int64_t endA = static_cast<int64_t>(a.place.offset) + bytesA + (u ? u->high : 0);
  const int64_t endB = static_cast<int64_t>(b.place.offset) + bytesB + (v ? v->high : 0);
  return bytesA == 0 || bytesB == 0 || endA <= startB || endB <= startA;
}

// One element, or nothing (-1): the index of the operand.
int64_t Decoder::cell(const char* what, Type type, bool written) {
  const Located l = operand(what, 0);
  if (!ok_ || l.place.kind == absent) return -1;
  if (l.operand.type != type || elementCount(l.operand) != 1) {
    fail("%s is not one %s", what, typeName(type));
  } else if (written && l.place.kind != arena && l.place.kind != output) {
    fail("%s is not writable memory", what);
  }
  return keep({l});
}

void Decoder::windowRecord(uint32_t loop, int64_t trips) {
  Window w = {};
  w.loop = loop;
  w.open = true;
  w.parent = -1;
  const int64_t kind = integer("a window's kind", arena, window);
  const int64_t index = integer("a window's index", 0, kMaxBuffers);
  const int64_t offset = integer("a window's offset", -kMaxBytes, kMaxBytes);
  const int64_t bytes = integer("a window's bytes", 0, kMaxBytes);
  w.advance = integer("a window's advance", -kMaxBytes, kMaxBytes);
  w.alternates = integer("whether a window alternates", 0, 1) != 0;
  if (!ok_) return;
  w.place = {static_cast<uint8_t>(kind), static_cast<uint32_t>(index), static_cast<size_t>(offset)};
  w.bytes = static_cast<size_t>(bytes);
  size_t room = 0;
  const size_t at = static_cast<size_t>(index);
  if (kind == arena && at < buffers_.size()) {
    room = buffers_[at].bytes;
    w.place.offset += buffers_[at].offset;
  } else if (kind == weight && index == 0) {
    room = weights_.bytes;
  } else if (kind == input && at < plan_->inputs.size()) {
    room = plan_->inputs[at].bytes;
  } else if (kind == output && at < plan_->outputs.size()) {
    room = plan_->outputs[at].bytes;
  } else if (const Window* parent = kind == window ? windowAt(index) : nullptr) {
    room = parent->bytes;
    w.parent = static_cast<int32_t>(index);
    w.low = parent->low;
    w.high = parent->high;
    w.place = {parent->place.kind, parent->place.index, parent->place.offset + static_cast<size_t>(offset)};
  } else {
    return fail("a window lies in memory that is not there");
  }
  const int64_t moves = w.alternates ? 1 : trips - 1;
  if (bytes > 0 && moves >= 0) {
    const int64_t size = w.advance < 0 ? -w.advance : w.advance;
    const bool far = size > 0 && moves > kMaxBytes / size;  // further than any memory; and no overflow below
    const int64_t last = far ? 0 : w.advance * moves;
    const int64_t low = last < 0 ? last : 0, high = last > 0 ? last : 0;
    if (far || offset + low < 0 || offset + bytes + high > static_cast<int64_t>(room))
      return fail("a window leaves its memory within %lld trips", static_cast<long long>(trips));
    w.low += low;
    w.high += high;
  } else {
    w.bytes = 0;
    w.place.offset -= static_cast<size_t>(offset);
    w.advance = 0;
  }
  windows_.push_back(w);
}

// LOOP after its kind and length.
void Decoder::loopRecord(size_t end, int depth) {
  name_ = "loop";
  const int64_t trips = integer("trips", 0, kMaxTrips);
  const int64_t limit = cell("the limit", Type::i64, false);
  const int64_t first = cell("the first condition", Type::boolean, false);
  const int64_t next = cell("the next condition", Type::boolean, false);
  const int64_t counter = cell("the counter", Type::i64, true);
  if (!ok_) return;
  const uint32_t loop = static_cast<uint32_t>(plan_->loops.size());
  plan_->loops.push_back({trips, limit, first, next, counter, {}});
  const size_t firstWindow = windows_.size();
  const int64_t count = integer("the number of windows", 0, kMaxWindows);
  for (int64_t i = 0; ok_ && i < count; i++) windowRecord(loop, trips);

  const size_t enter = plan_->program.size();
  plan_->program.push_back({Instruction::enter, loop, 0});
  branch("a trip's words", end, depth, trips == 0);
  plan_->program.push_back({Instruction::again, loop, static_cast<uint32_t>(enter + 1)});
  plan_->program[enter].target = static_cast<uint32_t>(plan_->program.size());
  // After the last trip those that alternate hold what it left; the others have moved past their end.
  for (size_t i = firstWindow; i < windows_.size(); i++) windows_[i].open = windows_[i].alternates;
  branch("the words after the last trip", end, depth);
  windows_.resize(firstWindow);
  plan_->program.push_back({Instruction::leave, loop, 0});
}

}  // namespace haio
