// A whole file as memory.
#pragma once
#include <stddef.h>

#include "failure.h"

namespace haio {

struct MappedFile {
  char* data = nullptr;  // null when the file is empty
  size_t bytes = 0;
};

// Maps a regular file private and copy-on-write: writing to the memory never reaches the file.
// Failure 'file'.
bool mapFile(const char* path, MappedFile* out, Failure* failure);
void unmapFile(const MappedFile& file);

}  // namespace haio
