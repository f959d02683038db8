// What this CPU and its operating system can execute. Names are those of features.inc.
#pragma once
#include <stddef.h>

namespace haio {

struct Feature {
  const char* name;
  bool present;  // the CPU has it and the operating system saves its state
};

// All features of the architecture, detected once per process (this also asks Linux for AMX tiles).
const Feature* features(size_t* count);
bool hasFeature(const char* name, size_t length);

// "x64", "arm64" or "other"; vendor and model as the CPU names itself, maybe "".
const char* cpuArch();
const char* cpuVendor();
const char* cpuModel();

}  // namespace haio
