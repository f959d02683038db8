// Compiled models of the process: bytes known by id, counted, shared between threads.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include <memory>

#include "failure.h"
#include "memory/arena.h"
#include "memory/mapped_file.h"

namespace haio {

// Bytes at a 4 KiB boundary: memory of its own, or a file.
class Model {
 public:
  Model() = default;
  ~Model() { unmapFile(file_); }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  char* data() const { return file_.data ? file_.data : arena_.data(); }
  size_t bytes() const { return file_.data ? file_.bytes : bytes_; }
  // Whether [offset, offset + length) lies inside.
  bool holds(uint64_t offset, uint64_t length) const {
    return length <= bytes() && offset <= bytes() - length;
  }

 private:
  friend uint32_t createModel(size_t bytes, Failure* failure);
  friend uint32_t openModel(const char* path, Failure* failure);
  Arena arena_;
  size_t bytes_ = 0;
  MappedFile file_;
};

// A new model, zeroed, or a file's bytes, with a count of one; 0 on failure.
uint32_t createModel(size_t bytes, Failure* failure);
uint32_t openModel(const char* path, Failure* failure);

// The model of an id, kept alive while it is held; null and failure 'argument' when the id is unknown.
std::shared_ptr<Model> findModel(uint32_t id, Failure* failure);

// The count of an id. At zero the id is forgotten, and the memory goes once nobody holds the model.
bool retainModel(uint32_t id, Failure* failure);
bool releaseModel(uint32_t id, Failure* failure);

}  // namespace haio
