// Between JavaScript values and native ones. Everything here runs on the environment's own thread.
#pragma once
#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "exec/trace.h"
#include "failure.h"
#include "plan/bound_plan.h"

namespace haio {

// Makes the failure the pending exception: an Error with .code and .reason.
void throwFailure(Napi::Env env, const Failure& failure);
Napi::Error toError(Napi::Env env, const Failure& failure);

// "a string", for messages.
const char* kindOf(Napi::Value value);

// An argument in messages: "input 3"; spelled out only when there is one.
struct What {
  const char* name;
  size_t index = SIZE_MAX;  // in a list
  What(const char* name_) : name(name_) {}
  What(const char* name_, size_t index_) : name(name_), index(index_) {}
  std::string text() const {
    std::string out = name;
    if (index != SIZE_MAX) out.append(" ").append(std::to_string(index));
    return out;
  }
};

// Memory of a typed array or DataView. `data` is null only where bytes is 0.
struct View {
  char* data;
  size_t bytes;
};
// Failure 'argument', naming `what`, when the value is no view or its memory was detached.
bool readView(Napi::Value value, What what, View* out, Failure* failure);
// A list of views for `ports`: as many, of exactly their sizes, aligned to their types. Addresses are never
// null.
bool readViews(Napi::Value list, const char* what, const std::vector<Port>& ports, std::vector<void*>* out,
               Failure* failure);
// One of them.
bool checkView(const View& view, What what, const Port& port, void** out, Failure* failure);

// The memory of a Float64Array for the times of a run, or none where the value is undefined.
bool readTrace(Napi::Value value, std::unique_ptr<Trace>* out, Failure* failure);

// An integer from 0 to 2^53.
bool readInteger(Napi::Value value, const char* what, size_t* out, Failure* failure);
bool readText(Napi::Value value, const char* what, std::string* out, Failure* failure);

// The words of a plan, copied (so that nobody can change them between check and use), and its kernels.
struct PlanArguments {
  std::vector<double> words;
  std::vector<std::string> kernels;
};
bool readPlan(Napi::Value words, Napi::Value kernels, PlanArguments* out, Failure* failure);

}  // namespace haio
