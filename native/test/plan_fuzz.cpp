// Hostile plans against the real kernels: whatever decode accepts must run inside its memory, whatever
// the data. Inputs are real plans (scripts/fuzz-seeds.cjs collects them); a mutator changes words of
// theirs. A libFuzzer target (HAIO_FUZZ); otherwise a program that mutates the seeds it is given:
// plan_fuzz ROUNDS FOLDER. Meant for AddressSanitizer: every input, output and weight block has exactly
// its size.
//
//   seed   u32 kernels (u32 length, bytes)*  u32 weightBytes  f64 words*
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "exec/executor.h"
#include "plan/decode.h"
#include "plan/format.h"
#include "plan/operand.h"

namespace haio {
namespace {

constexpr size_t kMostMemory = size_t{4} << 20;  // larger plans are decoded, but not run
constexpr double kMostWork = 1e6;                // items, elements
constexpr int64_t kMostTrips = 3;                // of each loop: more do the same again

struct Random {
  uint64_t state;
  uint64_t next() {  // splitmix64
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  size_t below(size_t n) { return static_cast<size_t>(next() % n); }
};

struct Seed {
  std::vector<std::string> kernels;
  uint32_t weightBytes = 0;
  std::vector<double> words;
  size_t wordsAt = 0;  // byte where the words begin
};

bool parse(const uint8_t* data, size_t size, Seed* out) {
  size_t at = 0;
  const auto number = [&](uint32_t* to) {
    if (size - at < 4) return false;
    memcpy(to, data + at, 4);
    at += 4;
    return true;
  };
  uint32_t count, length;
  if (!number(&count) || count > 64) return false;
  for (uint32_t i = 0; i < count; i++) {
    if (!number(&length) || length > size - at) return false;
    out->kernels.emplace_back(reinterpret_cast<const char*>(data + at), length);
    at += length;
  }
  if (!number(&out->weightBytes) || out->weightBytes > kMostMemory) return false;
  out->wordsAt = at;
  out->words.resize((size - at) / sizeof(double));
  if (!out->words.empty()) memcpy(out->words.data(), data + at, out->words.size() * sizeof(double));
  return true;
}

// One to three words become a neighbour, another word, or a value where overflows and ends lie.
void mutate(std::vector<double>* words, Random& random) {
  static constexpr double kValues[] = {0,
                                       1,
                                       2,
                                       3,
                                       4,
                                       5,
                                       7,
                                       8,
                                       15,
                                       16,
                                       17,
                                       31,
                                       32,
                                       33,
                                       63,
                                       64,
                                       65,
                                       127,
                                       128,
                                       255,
                                       65536.,
                                       2147483647,
                                       4294967296.,
                                       -1,
                                       -2,
                                       0.5,
                                       1e6,
                                       1099511627776.,
                                       9007199254740992.,
                                       -2147483648.,
                                       1e300};
  if (words->size() <= format::kHeaderWords) return;
  for (size_t n = 1 + random.below(3); n > 0; n--) {
    double& word = (*words)[format::scratchBytes + random.below(words->size() - format::scratchBytes)];
    switch (random.below(6)) {
      case 0:
        word += 1;
        break;
      case 1:
        word -= 1;
        break;
      case 2:
        word *= 2;
        break;
      case 3:
        word = (*words)[random.below(words->size())];
        break;
      default:
        word = kValues[random.below(sizeof kValues / sizeof *kValues)];
    }
  }
}

// A block of exactly this size, filled with small numbers of any type, or with noise.
using Block = std::unique_ptr<char, decltype(&free)>;
Block block(size_t bytes, Random& random) {
  void* memory = nullptr;
  if (posix_memalign(&memory, 64, bytes ? bytes : 1) != 0) abort();
  char* out = static_cast<char*>(memory);
  const bool noise = random.below(4) == 0;
  for (size_t i = 0; i < bytes; i++) {
    out[i] = noise ? static_cast<char>(random.next()) : static_cast<char>(i % 8 == 0 ? random.below(6) : 0);
  }
  return Block(out, &free);
}

// Elements, where sizes of 0 count as 1: loops around an empty one take time, too.
double workOf(const Operand& o) {
  double work = 1;
  for (int i = 0; i < o.rank; i++) work *= o.dims[i] > 0 ? static_cast<double>(o.dims[i]) : 1;
  return work;
}

bool tooMuch(const BoundPlan& plan) {
  double memory = static_cast<double>(plan.arenaBytes) + static_cast<double>(plan.scratchBytes);
  for (const Port& p : plan.inputs) memory += static_cast<double>(p.bytes);
  for (const Port& p : plan.outputs) memory += static_cast<double>(p.bytes);
  double work = 0;
  for (const PlanStep& s : plan.steps) work += static_cast<double>(s.items);
  for (const Operand& o : plan.operands) work += workOf(o);
  return memory > static_cast<double>(kMostMemory) || work > kMostWork;
}

const Selection& selection() {
  Failure failure;
  static const Selection* const chosen = select("", &failure);
  if (!chosen) abort();
  return *chosen;
}

// Whether the plan was accepted.
bool tryPlan(const Seed& seed, uint64_t data, bool tell = false) {
  Random random = {data};
  const Block weights = block(seed.weightBytes, random);
  Failure failure;
  const auto decoded = decode(seed.words.data(), seed.words.size(), seed.kernels,
                              {weights.get(), seed.weightBytes}, selection(), &failure);
  // No one else has seen it yet.
  BoundPlan* const plan = const_cast<BoundPlan*>(decoded.get());
  if (!plan) {
    if (!*failure.reason) abort();
    if (tell) printf("refused: %s\n", failure.reason);
    return false;
  }
  if (tooMuch(*plan)) return true;
  for (Repetition& loop : plan->loops) loop.trips = loop.trips < kMostTrips ? loop.trips : kMostTrips;
  std::vector<Block> blocks;
  std::vector<void*> inputs, outputs;
  for (const Port& p : plan->inputs) inputs.push_back(blocks.emplace_back(block(p.bytes, random)).get());
  for (const Port& p : plan->outputs) outputs.push_back(blocks.emplace_back(block(p.bytes, random)).get());
  Lane lane;
  LaneOperands operands;
  if (!lane.prepare(*plan, 1, &failure)) return true;
  lane.place(*plan, &operands, inputs.data(), outputs.data());
  execute(*plan, operands, lane, 1);
  return true;
}

uint64_t hashOf(const uint8_t* data, size_t size) {
  uint64_t h = 14695981039346656037u;
  for (size_t i = 0; i < size; i++) h = (h ^ data[i]) * 1099511628211u;
  return h;
}

}  // namespace
}  // namespace haio

using namespace haio;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Seed seed;
  if (parse(data, size, &seed)) tryPlan(seed, hashOf(data, size));
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t, unsigned int number) {
  Seed seed;
  if (!parse(data, size, &seed)) return size;
  Random random = {number};
  mutate(&seed.words, random);
  if (!seed.words.empty()) memcpy(data + seed.wordsAt, seed.words.data(), seed.words.size() * sizeof(double));
  return size;
}

#ifndef HAIO_FUZZ
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*)(void));

namespace haio {
namespace {

const Seed *original, *current;

// What was changed, when a sanitizer ends the process.
void tellChanges() {
  for (size_t i = 0; i < original->words.size(); i++) {
    const double from = original->words[i], to = current->words[i];
    if (from != to) fprintf(stderr, "word %zu: %.17g became %.17g\n", i, from, to);
  }
}

// In a process of its own, so that a crash ends one seed only. Whether it ended well.
bool tryFile(const std::string& path, long rounds, long counts[3]) {
  FILE* file = fopen(path.c_str(), "rb");
  if (!file) return true;
  std::vector<uint8_t> bytes(1 << 20);
  bytes.resize(fread(bytes.data(), 1, bytes.size(), file));
  fclose(file);
  Seed seed;
  if (!parse(bytes.data(), bytes.size(), &seed)) return true;
  int ends[2];
  if (pipe(ends) != 0) return false;
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    Random random = {hashOf(bytes.data(), bytes.size())};
    original = current = &seed;
    if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(tellChanges);
    long found[2] = {tryPlan(seed, random.next(), true), 0};
    for (long i = 0; i < rounds; i++) {
      Seed changed = seed;
      mutate(&changed.words, random);
      current = &changed;
      found[1] += tryPlan(changed, random.next());
    }
    fflush(stdout);
    _exit(write(ends[1], found, sizeof found) != sizeof found);
  }
  close(ends[1]);
  long found[2] = {0, 0};
  const bool read = ::read(ends[0], found, sizeof found) == sizeof found;
  close(ends[0]);
  int status = 1;
  waitpid(child, &status, 0);
  counts[0]++;
  counts[1] += found[0];
  counts[2] += found[1];
  if (read && status == 0) return true;
  printf("%s: crashed (%s)\n", path.c_str(), seed.kernels[0].c_str());
  return false;
}

}  // namespace
}  // namespace haio

int main(int argc, char** argv) {
  if (argc != 3) return fprintf(stderr, "plan_fuzz ROUNDS FOLDER\n"), 2;
  DIR* folder = opendir(argv[2]);
  if (!folder) return perror(argv[2]), 2;
  long counts[3] = {}, crashed = 0;  // seeds; accepted as they are; accepted mutations
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] != '.')
      crashed += !tryFile(std::string(argv[2]) + "/" + entry->d_name, atol(argv[1]), counts);
  }
  closedir(folder);
  printf("%ld of %ld seeds accepted, and %ld mutations; %ld seeds crashed\n", counts[1], counts[0], counts[2],
         crashed);
  return crashed != 0 || counts[1] == 0;
}
#endif
