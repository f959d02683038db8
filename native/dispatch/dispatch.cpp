#include "dispatch/dispatch.h"

#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <mutex>

#include "cpu/features.h"

namespace haio {
namespace {

bool same(const char* a, const char* b) { return strcmp(a, b) == 0; }

const Isa* isaNamed(const char* name) {
  for (size_t i = 0; i < tables().isaCount; i++) {
    if (same(tables().isas[i].name, name)) return &tables().isas[i];
  }
  return nullptr;
}

// Whether `isa` is `base` or extends it.
bool extends(const Isa* isa, const Isa* base) {
  for (; isa; isa = isaNamed(isa->base)) {
    if (isa == base) return true;
  }
  return false;
}

std::vector<const Isa*> byPriority(std::vector<const Isa*> isas) {
  std::sort(isas.begin(), isas.end(), [](const Isa* a, const Isa* b) { return a->priority > b->priority; });
  return isas;
}

std::vector<const Isa*> usableIsas() {
  std::vector<const Isa*> out;
  for (size_t i = 0; i < tables().isaCount; i++) {
    if (missingFeatures(tables().isas[i]).empty()) out.push_back(&tables().isas[i]);
  }
  return byPriority(out);
}

void refuse(const char* name, Failure* failure) {
  char list[256] = "";
  for (const Isa* isa : usableIsas()) {
    const size_t length = strlen(list);
    snprintf(list + length, sizeof list - length, "%s%s", length ? ", " : "", isa->name);
  }
  const Isa* isa = isaNamed(name);
  if (!isa) {
    failure->set("isa", "%s: no such ISA; usable: %s", name, list);
  } else {
    failure->set("isa", "%s: this CPU lacks %s; usable: %s", name, missingFeatures(*isa)[0], list);
  }
}

}  // namespace

std::vector<const char*> missingFeatures(const Isa& isa) {
  std::vector<const char*> out;
  size_t count;
  const Feature* all = features(&count);
  for (const char* word = isa.needs; *word;) {
    const size_t length = strcspn(word, " ");
    for (size_t i = 0; i < count; i++) {
      const bool named = strlen(all[i].name) == length && memcmp(all[i].name, word, length) == 0;
      if (named && !all[i].present) out.push_back(all[i].name);
    }
    word += length + strspn(word + length, " ");
  }
  return out;
}

Selection::Selection(std::vector<const Isa*> isas) : isas_(byPriority(std::move(isas))) {
  const Tables& t = tables();
  for (const Isa* isa : isas_) {
    for (size_t i = 0; i < t.opCount; i++) {
      if (!same(t.ops[i].isa, isa->name)) continue;
      for (size_t r = 0; r < t.ops[i].table->count; r++) ops_.push_back({&t.ops[i].table->rows[r], isa});
    }
  }
  const auto before = [](const OpRef& a, const OpRef& b) {  // by name; the best ISA of a name comes first
    const int order = strcmp(a.row->name, b.row->name);
    return order != 0 ? order < 0 : a.isa->priority > b.isa->priority;
  };
  const auto equal = [](const OpRef& a, const OpRef& b) { return same(a.row->name, b.row->name); };
  std::sort(ops_.begin(), ops_.end(), before);
  ops_.erase(std::unique(ops_.begin(), ops_.end(), equal), ops_.end());
  for (const Isa* width : isas_) {
    std::vector<GemmRow>& rows = gemm_.emplace_back();
    for (const Isa* isa : isas_) {
      if (!extends(isa, width)) continue;
      for (size_t i = 0; i < t.gemmCount; i++) {
        const GemmTable& table = *t.gemm[i].table;
        if (same(t.gemm[i].isa, isa->name)) rows.insert(rows.end(), table.rows, table.rows + table.count);
      }
    }
  }
}

const OpRef* Selection::find(const char* name) const {
  const auto before = [](const OpRef& a, const char* b) { return strcmp(a.row->name, b) < 0; };
  const auto at = std::lower_bound(ops_.begin(), ops_.end(), name, before);
  return at != ops_.end() && same(at->row->name, name) ? &*at : nullptr;
}

const std::vector<GemmRow>& Selection::gemmRows(const Isa* isa) const {
  const auto at = std::find(isas_.begin(), isas_.end(), isa);
  return gemm_[static_cast<size_t>(at - isas_.begin())];
}

const Selection* select(const char* name, Failure* failure) {
  if (!*name) {
    const char* forced = getenv("HAIO_ISA");
    if (forced) name = forced;
  }
  struct Made {
    const Isa* isa;  // null: all usable ones
    const Selection* selection;
  };
  static std::mutex mutex;
  static std::vector<Made>* const made = new std::vector<Made>;
  const Isa* isa = *name ? isaNamed(name) : nullptr;
  if (*name && (!isa || !missingFeatures(*isa).empty())) {
    refuse(name, failure);
    return nullptr;
  }
  std::lock_guard<std::mutex> lock(mutex);
  for (const Made& m : *made) {
    if (m.isa == isa) return m.selection;
  }
  std::vector<const Isa*> isas;
  for (const Isa* other : usableIsas()) {
    if (!isa || extends(isa, other) || same(other->name, "portable")) isas.push_back(other);
  }
  const Selection* selection = new Selection(std::move(isas));
  made->push_back({isa, selection});
  return selection;
}

}  // namespace haio
