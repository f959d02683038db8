// inspect(): the machine and the addon as plain objects.
#include "addon/tools.h"
#include "cpu/features.h"
#include "cpu/topology.h"
#include "dispatch/dispatch.h"

namespace haio {
namespace {

template <class Item>
void push(Napi::Array list, Item item) {
  list.Set(list.Length(), item);
}

Napi::Array names(Napi::Env env) {
  Napi::Array out = Napi::Array::New(env);
  size_t count;
  const Feature* all = features(&count);
  for (size_t i = 0; i < count; i++) {
    if (all[i].present) push(out, all[i].name);
  }
  return out;
}

Napi::Array isas(Napi::Env env) {
  Napi::Array out = Napi::Array::New(env);
  for (size_t i = 0; i < tables().isaCount; i++) {
    const Isa& isa = tables().isas[i];
    const std::vector<const char*> missing = missingFeatures(isa);
    Napi::Array lacks = Napi::Array::New(env);
    for (const char* feature : missing) push(lacks, feature);
    Napi::Object row = Napi::Object::New(env);
    row.Set("name", isa.name);
    row.Set("priority", isa.priority);
    row.Set("base", isa.base);
    row.Set("width", isa.width);
    row.Set("usable", missing.empty());
    row.Set("missing", lacks);
    push(out, row);
  }
  return out;
}

Napi::Array ops(Napi::Env env) {
  Napi::Array out = Napi::Array::New(env);
  for (size_t i = 0; i < tables().opCount; i++) {
    const OpTableRef& file = tables().ops[i];
    for (size_t r = 0; r < file.table->count; r++) {
      const OpRow& op = file.table->rows[r];
      Napi::Object row = Napi::Object::New(env);
      row.Set("name", op.name);
      row.Set("isa", file.isa);
      row.Set("signature", op.signature);
      row.Set("stage", op.stage != nullptr);
      row.Set("step", op.run != nullptr);
      push(out, row);
    }
  }
  return out;
}

Napi::Array gemm(Napi::Env env) {
  Napi::Array out = Napi::Array::New(env);
  for (size_t i = 0; i < tables().gemmCount; i++) {
    const GemmTableRef& file = tables().gemm[i];
    for (size_t r = 0; r < file.table->count; r++) {
      const GemmRow& micro = file.table->rows[r];
      Napi::Object row = Napi::Object::New(env);
      row.Set("name", micro.name);
      row.Set("isa", file.isa);
      row.Set("mr", static_cast<uint32_t>(micro.mr));
      row.Set("panels", static_cast<uint32_t>(micro.panels));
      push(out, row);
    }
  }
  return out;
}

Napi::Array cacheLevels(Napi::Env env) {
  Napi::Array out = Napi::Array::New(env);
  Cache list[kMaxCaches];
  const size_t count = caches(list);
  for (size_t i = 0; i < count; i++) {
    Napi::Object row = Napi::Object::New(env);
    row.Set("level", list[i].level);
    row.Set("bytes", static_cast<double>(list[i].bytes));
    row.Set("sharedBy", static_cast<double>(list[i].sharedBy));
    push(out, row);
  }
  return out;
}

}  // namespace

Napi::Value inspect(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object cores = Napi::Object::New(env);
  cores.Set("online", static_cast<double>(onlineCores()));
  cores.Set("usable", static_cast<double>(usableCores()));
  Napi::Object out = Napi::Object::New(env);
  out.Set("arch", cpuArch());
  out.Set("vendor", cpuVendor());
  out.Set("model", cpuModel());
  out.Set("features", names(env));
  out.Set("isas", isas(env));
  out.Set("ops", ops(env));
  out.Set("gemm", gemm(env));
  out.Set("caches", cacheLevels(env));
  out.Set("cores", cores);
  return out;
}

}  // namespace haio
