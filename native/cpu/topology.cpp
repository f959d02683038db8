#include "cpu/topology.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

namespace haio {
namespace {

// First line of a small file, without its newline; false when it cannot be read.
bool readLine(const char* path, char* out, size_t size) {
  FILE* file = fopen(path, "re");
  if (!file) return false;
  const bool ok = fgets(out, static_cast<int>(size), file) != nullptr;
  fclose(file);
  if (ok) out[strcspn(out, "\n")] = 0;
  return ok;
}

// Number of cores in a list such as "0-3,8".
size_t countList(const char* list) {
  size_t count = 0;
  for (const char* p = list; *p;) {
    char* end;
    const long first = strtol(p, &end, 10);
    if (end == p) break;
    long last = first;
    if (*end == '-') last = strtol(end + 1, &end, 10);
    if (last >= first) count += static_cast<size_t>(last - first + 1);
    p = *end == ',' ? end + 1 : end;
  }
  return count;
}

// Path of this process below a cgroup mount: the line "0::/a/b" (version 2), or "4:cpu,cpuacct:/a/b".
bool cgroupPath(const char* controller, char* out, size_t size) {
  FILE* file = fopen("/proc/self/cgroup", "re");
  if (!file) return false;
  char line[1024];
  bool found = false;
  while (!found && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    char* names = strchr(line, ':');
    char* path = names ? strchr(names + 1, ':') : nullptr;
    if (!path) continue;
    *names++ = 0;
    *path++ = 0;
    for (char *state = nullptr, *name = strtok_r(names, ",", &state);;
         name = strtok_r(nullptr, ",", &state)) {
      found = strcmp(name ? name : "", controller) == 0;
      if (found || !name) break;
    }
    if (found) snprintf(out, size, "%s", path);
  }
  fclose(file);
  return found;
}

// The smallest quota, in cores, of the group and all its parents; 0 when there is none. `read` gives
// the quota of one directory. Inside a container the group may be mounted as the root itself.
template <class Read>
double smallestQuota(const char* mount, const char* controller, Read read) {
  char path[1024];
  if (!cgroupPath(controller, path, sizeof path)) return 0;
  double least = 0;
  for (;;) {
    char directory[1200];
    snprintf(directory, sizeof directory, "%s%s", mount, strcmp(path, "/") == 0 ? "" : path);
    const double cores = read(directory);
    if (cores > 0 && (least == 0 || cores < least)) least = cores;
    char* slash = strrchr(path, '/');
    if (!slash || path[0] == 0) return least;
    *slash = 0;
  }
}

double quotaVersion2(const char* directory) {
  char path[1300], line[128];
  snprintf(path, sizeof path, "%s/cpu.max", directory);
  double quota, period;
  if (!readLine(path, line, sizeof line) || sscanf(line, "%lf %lf", &quota, &period) != 2) return 0;
  return period > 0 ? quota / period : 0;
}

double quotaVersion1(const char* directory) {
  char path[1300], quota[64], period[64];
  snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", directory);
  if (!readLine(path, quota, sizeof quota)) return 0;
  snprintf(path, sizeof path, "%s/cpu.cfs_period_us", directory);
  if (!readLine(path, period, sizeof period)) return 0;
  return atof(quota) > 0 && atof(period) > 0 ? atof(quota) / atof(period) : 0;
}

size_t affinityCores() {
  // A mask too small for the kernel's is refused, so it grows until it is accepted.
  for (size_t cores = 1024; cores <= 65536; cores *= 2) {
    cpu_set_t* set = CPU_ALLOC(cores);
    if (!set) break;
    const size_t bytes = CPU_ALLOC_SIZE(cores);
    const bool ok = sched_getaffinity(0, bytes, set) == 0;
    const int count = ok ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (ok) return static_cast<size_t>(count);
  }
  return onlineCores();
}

}  // namespace

size_t caches(Cache out[kMaxCaches]) {
  size_t count = 0;
  for (int index = 0; index < 16 && count < kMaxCaches; index++) {
    char path[128], level[32], type[32], size[32], shared[1024];
    const auto read = [&](const char* field, char* to, size_t bytes) {
      snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, field);
      return readLine(path, to, bytes);
    };
    if (!read("level", level, sizeof level) || !read("type", type, sizeof type) ||
        !read("size", size, sizeof size))
      break;
    if (strcmp(type, "Instruction") == 0) continue;
    char* unit;
    size_t bytes = strtoul(size, &unit, 10);
    if (*unit == 'K') bytes <<= 10;
    if (*unit == 'M') bytes <<= 20;
    const size_t sharers = read("shared_cpu_list", shared, sizeof shared) ? countList(shared) : 1;
    out[count++] = {atoi(level), bytes, std::max<size_t>(1, sharers)};
  }
  return count;
}

size_t onlineCores() {
  const long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? static_cast<size_t>(count) : 1;
}

size_t usableCores() {
  double cores = static_cast<double>(affinityCores());
  const double quotas[] = {smallestQuota("/sys/fs/cgroup", "", quotaVersion2),
                           smallestQuota("/sys/fs/cgroup/cpu", "cpu", quotaVersion1)};
  for (const double quota : quotas) {
    if (quota > 0) cores = std::min(cores, quota);
  }
  const size_t whole = static_cast<size_t>(cores);
  return std::max<size_t>(1, whole + (cores > static_cast<double>(whole)));
}

}  // namespace haio
