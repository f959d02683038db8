// A decoded plan: immutable, with everything but the addresses of arena, inputs and outputs resolved.
#pragma once
#include <stdlib.h>

#include <memory>
#include <vector>

#include "kernel.h"

namespace haio {

// Where an operand's data lies: `offset` bytes into the arena, an input or an output.
struct Place {
  uint8_t kind;  // format::PlaceKind; weights have their address already
  uint32_t index;
  size_t offset;
};

struct Port {  // an input or output of the run
  Type type;
  size_t bytes;
};

struct PlanStep {
  StepFn run;
  const void* params;
  const Stages* stages;  // null when there are none
  const GemmRow* rows;
  size_t rowCount;
  uint32_t firstIn, inCount, firstOut, outCount;  // in BoundPlan::operands
  size_t items, grain;
  int32_t origin;
  const void* next;  // the largest weight of the following step that has a large one, to prefetch
  size_t nextBytes;
};

// An operand that lies elsewhere in each trip of a loop: `advance` bytes further, or further and back.
struct Slide {
  uint32_t operand;  // in BoundPlan::operands
  bool alternates;
  int64_t advance;
};
struct Repetition {
  int64_t trips;                        // at most
  int64_t limit, first, next, counter;  // indices of operands, -1 where there is none; see lib/plan/format.ts
  std::vector<Slide> slides;
};

// The records, flat: run step `index`; go to `target`, always or when condition operand `index` is false;
// begin loop `index`, or go to `target` where it makes no trip; end a trip and go to `target` for another
// one; put its slides back.
struct Instruction {
  enum Kind : uint8_t { run, jump, jumpUnless, enter, again, leave } kind;
  uint32_t index, target;
};

// Memory for params and stages: addresses stay, everything is freed together.
class Store {
 public:
  Store() = default;
  ~Store() {
    for (void* chunk : chunks_) free(chunk);
  }
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Zeroed, aligned to 16 bytes.
  void* take(size_t bytes) {
    bytes = (bytes + 15) & ~size_t{15};
    if (bytes > left_) {
      left_ = bytes > kChunk ? bytes : kChunk;
      chunks_.push_back(next_ = static_cast<char*>(calloc(1, left_)));
      if (!next_) abort();
      bytes_ += left_;
    }
    void* out = next_;
    next_ += bytes;
    left_ -= bytes;
    return out;
  }
  size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kChunk = 4096;
  std::vector<void*> chunks_;
  char* next_ = nullptr;
  size_t left_ = 0, bytes_ = 0;
};

struct BoundPlan {
  uint64_t serial = 0;  // no other plan of the process has it; from 1 on
  size_t arenaBytes = 0;
  size_t scratchBytes = 0;  // per worker
  std::vector<Port> inputs, outputs;
  std::vector<Operand> operands;  // data: weights are in place; otherwise null
  std::vector<Place> places;      // of each operand
  std::vector<uint32_t> ports;    // the operands that lie in inputs and outputs
  std::vector<PlanStep> steps;
  std::vector<Instruction> program;
  std::vector<Repetition> loops;
  Store store;

  // Gives back what the lists have more than they hold: many bound plans are kept.
  void fit() {
    operands.shrink_to_fit();
    places.shrink_to_fit();
    ports.shrink_to_fit();
    steps.shrink_to_fit();
    program.shrink_to_fit();
  }

  size_t bytes() const {
    size_t slides = 0;
    for (const Repetition& l : loops) slides += l.slides.size();
    return operands.size() * (sizeof(Operand) + sizeof(Place)) + steps.size() * sizeof(PlanStep) +
           program.size() * sizeof(Instruction) + ports.size() * sizeof(uint32_t) +
           loops.size() * sizeof(Repetition) + slides * sizeof(Slide) + store.bytes();
  }
};

}  // namespace haio
