#include "cpu/features.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace haio {
namespace {

struct Cpu {
  Feature list[256];
  size_t count;
  char vendor[64];
  char model[128];
};

void add(Cpu& cpu, const char* name, bool present) { cpu.list[cpu.count++] = {name, present}; }

#if defined(__x86_64__)

enum Register { Eax, Ebx, Ecx, Edx };
enum State { Base, Ymm, Zmm, Tile, Apx };

struct Leaf {
  uint32_t r[4];
};

Leaf cpuid(uint32_t leaf, uint32_t subleaf) {
  Leaf out = {};
  const uint32_t highest = __get_cpuid_max(leaf & 0x80000000u, nullptr);
  if (highest < leaf) return out;
  if (subleaf > 0 && leaf == 7) {  // the highest subleaf stands in EAX of subleaf 0
    __cpuid_count(leaf, 0, out.r[0], out.r[1], out.r[2], out.r[3]);
    if (out.r[0] < subleaf) return {};
  }
  __cpuid_count(leaf, subleaf, out.r[0], out.r[1], out.r[2], out.r[3]);
  return out;
}

// Extended control register 0: what the operating system saves. XGETBV as bytes, for compilers without
// -mxsave.
uint64_t enabledState() {
  if (!(cpuid(1, 0).r[Ecx] >> 27 & 1)) return 0;  // OSXSAVE
  uint32_t low, high;
  __asm__ volatile(".byte 0x0f, 0x01, 0xd0" : "=a"(low), "=d"(high) : "c"(0));
  return low | static_cast<uint64_t>(high) << 32;
}

// Linux gives tile registers to processes that ask (arch_prctl ARCH_REQ_XCOMP_PERM, component 18).
bool requestTiles() {
  constexpr long kRequest = 0x1023, kQuery = 0x1022, kTileData = 18;
  unsigned long granted = 0;
  syscall(SYS_arch_prctl, kRequest, kTileData);
  return syscall(SYS_arch_prctl, kQuery, &granted) == 0 && (granted >> kTileData & 1);
}

bool usable(State state) {
  static const uint64_t enabled = enabledState();
  switch (state) {
    case Base:
      return true;
    case Ymm:
      return (enabled & 0x6) == 0x6;
    case Zmm:
      return (enabled & 0xe6) == 0xe6;
    case Tile: {
      static const bool granted = (enabled & 0x60000) == 0x60000 && requestTiles();
      return granted;
    }
    case Apx:
      return enabled >> 19 & 1;
  }
  return false;
}

void detect(Cpu& cpu) {
#define X86(name, leaf, subleaf, reg, bit, state) \
  add(cpu, name, (cpuid(leaf, subleaf).r[reg] >> bit & 1) && usable(state));
#define X86_LEVEL(name, leaf, subleaf, reg, least, state) \
  add(cpu, name, (cpuid(leaf, subleaf).r[reg] & 0xff) >= least && usable(state));
#include "cpu/features.inc"
#undef X86
#undef X86_LEVEL
  const Leaf v = cpuid(0, 0);
  memcpy(cpu.vendor, &v.r[Ebx], 4);
  memcpy(cpu.vendor + 4, &v.r[Edx], 4);
  memcpy(cpu.vendor + 8, &v.r[Ecx], 4);
  for (uint32_t i = 0; i < 3; i++) {
    const Leaf part = cpuid(0x80000002u + i, 0);
    memcpy(cpu.model + 16 * i, part.r, 16);
  }
}

#else

// Value of the first "key : value" line of /proc/cpuinfo.
void cpuinfo(const char* key, char* out, size_t size) {
  FILE* file = fopen("/proc/cpuinfo", "re");
  if (!file) return;
  char line[256];
  while (fgets(line, sizeof line, file)) {
    const char* colon = strchr(line, ':');
    if (!colon || strncmp(line, key, strlen(key)) != 0) continue;
    snprintf(out, size, "%s", colon[1] == ' ' ? colon + 2 : colon + 1);
    out[strcspn(out, "\n")] = 0;
    break;
  }
  fclose(file);
}

void detect(Cpu& cpu) {
#if defined(__aarch64__)
  const uint64_t words[2] = {getauxval(AT_HWCAP), getauxval(AT_HWCAP2)};
#define ARM(name, word, bit) add(cpu, name, words[word] >> bit & 1);
#include "cpu/features.inc"
#undef ARM
#endif
  cpuinfo("CPU implementer", cpu.vendor, sizeof cpu.vendor);
  cpuinfo("CPU part", cpu.model, sizeof cpu.model);
}

#endif

const Cpu& cpu() {
  static const Cpu detected = [] {
    Cpu c = {};
    detect(c);
    return c;
  }();
  return detected;
}

}  // namespace

const Feature* features(size_t* count) {
  *count = cpu().count;
  return cpu().list;
}

bool hasFeature(const char* name, size_t length) {
  for (size_t i = 0; i < cpu().count; i++) {
    const Feature& f = cpu().list[i];
    if (strlen(f.name) == length && memcmp(f.name, name, length) == 0) return f.present;
  }
  return false;
}

const char* cpuArch() {
#if defined(__x86_64__)
  return "x64";
#elif defined(__aarch64__)
  return "arm64";
#else
  return "other";
#endif
}
const char* cpuVendor() { return cpu().vendor; }
const char* cpuModel() { return cpu().model + strspn(cpu().model, " "); }

}  // namespace haio
