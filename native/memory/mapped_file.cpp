#include "memory/mapped_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace haio {

bool mapFile(const char* path, MappedFile* out, Failure* failure) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return failure->set("file", "%s", strerror(errno));
  struct statx info;  // fstat itself would bind to glibc 2.33
  bool ok = statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_SIZE, &info) == 0 ||
            failure->set("file", "%s", strerror(errno));
  if (ok && !S_ISREG(info.stx_mode)) ok = failure->set("file", "not a regular file");
  *out = {};
  if (ok && info.stx_size > 0) {
    void* memory =
        mmap(nullptr, static_cast<size_t>(info.stx_size), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (memory == MAP_FAILED) {
      ok = failure->set("file", "cannot map: %s", strerror(errno));
    } else {
      *out = {static_cast<char*>(memory), static_cast<size_t>(info.stx_size)};
    }
  }
  close(fd);
  return ok;
}

void unmapFile(const MappedFile& file) {
  if (file.data) munmap(file.data, file.bytes);
}

}  // namespace haio
