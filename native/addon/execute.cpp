// execute(): a plan that runs once, on the calling thread and the pool.
#include "addon/js.h"
#include "addon/session.h"
#include "addon/tools.h"
#include "cpu/topology.h"
#include "plan/operand.h"

namespace haio {
namespace {

// Outputs are views or ranges of models; `models` keeps those alive.
bool readOutputs(Napi::Value value, const std::vector<Port>& ports, std::vector<void*>* out,
                 std::vector<std::shared_ptr<Model>>* models, Failure* failure) {
  if (!value.IsArray()) return failure->set("argument", "outputs: expected an array, got %s", kindOf(value));
  const Napi::Array list = value.As<Napi::Array>();
  if (list.Length() != ports.size())
    return failure->set("argument", "outputs: expected %zu, got %u", ports.size(), list.Length());
  out->resize(ports.size());
  for (size_t i = 0; i < ports.size(); i++) {
    const Napi::Value item = list.Get(static_cast<uint32_t>(i));
    View view;
    if (item.IsTypedArray() || item.IsDataView() || !item.IsObject()) {
      if (!readView(item, {"output", i}, &view, failure)) return false;
    } else {
      const Napi::Object range = item.As<Napi::Object>();
      size_t id, offset;
      if (!readInteger(range.Get("model"), "model", &id, failure) ||
          !readInteger(range.Get("offset"), "offset", &offset, failure) ||
          !readInteger(range.Get("bytes"), "bytes", &view.bytes, failure)) {
        return false;
      }
      const auto model = findModel(static_cast<uint32_t>(id), failure);
      if (!model) return false;
      if (!model->holds(offset, view.bytes)) {
        return failure->set("argument", "output %zu: expected a range of %zu bytes, got %zu + %zu", i,
                            model->bytes(), offset, view.bytes);
      }
      view.data = model->data() + offset;
      models->push_back(model);
    }
    if (!checkView(view, {"output", i}, ports[i], &(*out)[i], failure)) return false;
  }
  return true;
}

}  // namespace

Napi::Value executePlan(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = info[4].IsObject() ? info[4].As<Napi::Object>() : Napi::Object::New(env);
  Run run;
  Failure& failure = run.failure;
  PlanArguments plan;
  size_t id, threads;
  std::string isa;
  std::shared_ptr<Model> model;
  std::vector<std::shared_ptr<Model>> targets;
  const Selection* selection = nullptr;
  bool ok = readInteger(options.Get("model"), "model", &id, &failure) &&
            readInteger(options.Get("threads"), "threads", &threads, &failure) &&
            readText(options.Get("isa"), "isa", &isa, &failure) &&
            (id == 0 || (model = findModel(static_cast<uint32_t>(id), &failure))) &&
            (selection = select(isa.c_str(), &failure)) && readPlan(info[0], info[1], &plan, &failure);
  if (ok) {
    const std::shared_ptr<Session> session(new Session(std::move(model), *selection, threads, 1));
    run.binding = session->bind(plan.words.data(), plan.words.size(), plan.kernels, &failure);
    ok = run.binding && readViews(info[2], "input", run.binding->plan->inputs, &run.inputs, &failure) &&
         readOutputs(info[3], run.binding->plan->outputs, &run.outputs, &targets, &failure);
    if (ok) session->runHere(&run, false);
  }
  if (*failure.code) {
    throwFailure(env, failure);
    return env.Undefined();
  }
  return toResult(env, run.status, run.micros);
}

}  // namespace haio
