#include "plan/model.h"

#include <mutex>
#include <unordered_map>

namespace haio {
namespace {

struct Entry {
  std::shared_ptr<Model> model;
  size_t count;
};
struct Registry {
  std::mutex mutex;
  std::unordered_map<uint32_t, Entry> entries;
  uint32_t last = 0;
};
Registry& registry() {
  static Registry* const instance = new Registry;
  return *instance;
}

uint32_t add(std::shared_ptr<Model> model) {
  Registry& r = registry();
  std::lock_guard<std::mutex> lock(r.mutex);
  do {
    r.last++;
  } while (r.last == 0 || r.entries.count(r.last));
  r.entries[r.last] = {std::move(model), 1};
  return r.last;
}

Entry* entry(uint32_t id, Failure* failure) {
  const auto at = registry().entries.find(id);
  if (at != registry().entries.end()) return &at->second;
  failure->set("argument", "model: expected the id of a model, got %u", id);
  return nullptr;
}

}  // namespace

uint32_t createModel(size_t bytes, Failure* failure) {
  const std::shared_ptr<Model> model(new Model);
  if (!model->arena_.allocate(bytes)) {
    failure->set("memory", "cannot allocate %zu bytes for a model", bytes);
    return 0;
  }
  model->bytes_ = bytes;
  return add(model);
}

uint32_t openModel(const char* path, Failure* failure) {
  const std::shared_ptr<Model> model(new Model);
  if (!mapFile(path, &model->file_, failure)) return 0;
  if (!model->file_.data) model->arena_.allocate(0);
  return add(model);
}

std::shared_ptr<Model> findModel(uint32_t id, Failure* failure) {
  std::lock_guard<std::mutex> lock(registry().mutex);
  const Entry* e = entry(id, failure);
  return e ? e->model : nullptr;
}

bool retainModel(uint32_t id, Failure* failure) {
  std::lock_guard<std::mutex> lock(registry().mutex);
  Entry* e = entry(id, failure);
  if (e) e->count++;
  return e;
}

bool releaseModel(uint32_t id, Failure* failure) {
  std::shared_ptr<Model> last;  // declared first: freed after the lock is given back
  std::lock_guard<std::mutex> lock(registry().mutex);
  Entry* e = entry(id, failure);
  if (e && --e->count == 0) {
    last = std::move(e->model);
    registry().entries.erase(id);
  }
  return e;
}

}  // namespace haio
