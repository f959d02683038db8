// Writes the words of lib/plan/format.ts, for tests.
#pragma once
#include <initializer_list>
#include <string>
#include <vector>

#include "kernel.h"
#include "plan/format.h"

namespace haio::test {

using Words = std::vector<double>;

inline void append(Words& to, const Words& more) { to.insert(to.end(), more.begin(), more.end()); }

struct Tensor {
  format::PlaceKind kind;
  double index, offset;
  Type type;
  std::vector<double> dims, strides;

  Words words() const {
    if (kind == format::absent) return {0};
    Words out = {static_cast<double>(kind), index, offset, static_cast<double>(type),
                 static_cast<double>(dims.size())};
    append(out, dims);
    append(out, strides);
    return out;
  }
};
// Dense and row-major.
inline Tensor dense(format::PlaceKind kind, double index, Type type, std::vector<double> dims,
                    double offset = 0) {
  std::vector<double> strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return {kind, index, offset, type, std::move(dims), std::move(strides)};
}

struct StageSpec {
  double kernel;
  Words params, args;
};
struct StepWords {
  double kernel, items, grain = 1, scratch = 0, origin = 0, inplace = 0;
  Words params = {};
  std::vector<Tensor> in = {}, out = {};
  std::vector<StageSpec> stages = {};

  Words words() const {
    Words w = {
        format::step, 0, kernel, items, grain, scratch, origin, inplace, static_cast<double>(params.size())};
    append(w, params);
    w.push_back(static_cast<double>(in.size()));
    for (const Tensor& t : in) append(w, t.words());
    w.push_back(static_cast<double>(out.size()));
    for (const Tensor& t : out) append(w, t.words());
    w.push_back(static_cast<double>(stages.size()));
    for (const StageSpec& s : stages) {
      append(w, {s.kernel, static_cast<double>(s.params.size())});
      append(w, s.params);
      w.push_back(static_cast<double>(s.args.size()));
      append(w, s.args);
    }
    w[1] = static_cast<double>(w.size());
    return w;
  }
};

inline Words ifWords(const Tensor& condition, const Words& then, const Words& otherwise) {
  Words w = {format::ifElse, 0};
  append(w, condition.words());
  w.push_back(static_cast<double>(then.size()));
  append(w, then);
  w.push_back(static_cast<double>(otherwise.size()));
  append(w, otherwise);
  w[1] = static_cast<double>(w.size());
  return w;
}

struct WindowWords {
  format::PlaceKind kind;
  double index, offset, bytes, advance, alternates = 0;
};
struct LoopWords {
  double trips;
  Tensor limit = {}, first = {}, next = {}, counter = {};
  std::vector<WindowWords> windows = {};
  Words trip = {}, end = {};

  Words words() const {
    Words w = {format::loop, 0, trips};
    for (const Tensor* t : {&limit, &first, &next, &counter}) append(w, t->words());
    w.push_back(static_cast<double>(windows.size()));
    for (const WindowWords& x : windows)
      append(w, {static_cast<double>(x.kind), x.index, x.offset, x.bytes, x.advance, x.alternates});
    w.push_back(static_cast<double>(trip.size()));
    append(w, trip);
    w.push_back(static_cast<double>(end.size()));
    append(w, end);
    w[1] = static_cast<double>(w.size());
    return w;
  }
};

struct Port {
  Type type;
  double bytes;
};
struct PlanWords {
  double arenaBytes = 0, scratchBytes = 0;
  std::vector<std::string> kernels;
  std::vector<Port> inputs = {}, outputs = {};
  std::vector<std::pair<double, double>> buffers = {};
  std::vector<Words> records = {};

  Words words() const {
    const auto count = [](const auto& list) { return static_cast<double>(list.size()); };
    Words w = {format::kMagic, format::kVersion, 0,
               arenaBytes,     scratchBytes,     count(kernels),
               count(inputs),  count(outputs),   count(buffers),
               count(records)};
    for (const auto* ports : {&inputs, &outputs}) {
      for (const Port& p : *ports) append(w, {static_cast<double>(p.type), p.bytes});
    }
    for (const auto& [offset, bytes] : buffers) append(w, {offset, bytes});
    for (const Words& r : records) append(w, r);
    w[format::words] = static_cast<double>(w.size());
    return w;
  }
};

}  // namespace haio::test
