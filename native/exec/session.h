// Runs of one compiled model: a queue, lanes, and the bound plans. Knows nothing of JavaScript.
#pragma once
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "exec/lane.h"
#include "exec/trace.h"
#include "plan/decode.h"
#include "plan/model.h"

namespace haio {

class Session;

// A bound plan. Keeps its session's model alive.
struct Binding {
  Binding(std::shared_ptr<Session> owner, std::unique_ptr<const BoundPlan> decoded);
  ~Binding();
  const std::shared_ptr<Session> session;
  const std::unique_ptr<const BoundPlan> plan;
};

constexpr int32_t kAborted = -1;

struct Run {
  std::shared_ptr<Binding> binding;
  std::vector<void*> inputs, outputs;  // one address a port, never null
  double token = 0;
  std::unique_ptr<Trace> trace;        // null: no times wanted
  // Called once, on any thread, when the run is over; may delete the run.
  void (*done)(Run*) = nullptr;

  // Results. A failure (no memory) has a code; otherwise status.code, kAborted included, says all.
  Status status = {};
  double micros = 0;
  Failure failure;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  // threads: 0 for all usable cores.
  Session(std::shared_ptr<Model> model, const Selection& selection, size_t threads, size_t lanes);

  std::shared_ptr<Binding> bind(const double* words, size_t count, const std::vector<std::string>& kernels,
                                Failure* failure);

  // Queues the run.
  void submit(Run* run);
  // Runs on the calling thread as soon as a lane is free, before queued ones. `alone`: without the
  // pool. Does not call `done`.
  void runHere(Run* run, bool alone);
  // Ends the runs with this token, queued or in flight.
  void abort(double token);
  void abortAll();
  // Gives back the memory of lanes that are not in use.
  void trim();

  struct Memory {
    size_t arena, scratch, plans, allocations;
  };
  Memory memory() const;

 private:
  friend struct Binding;
  struct Work {  // a run that has its lane
    Session* session;
    Run* run;
    size_t lane;
  };
  void startQueued(std::unique_lock<std::mutex>& lock);
  void take(size_t lane, Run* run);
  void carry(size_t lane, Run* run, size_t threads);
  void finish(size_t lane);
  template <class Match>
  void stopWhere(Match match);

  const std::shared_ptr<Model> model_;
  const Selection& selection_;
  const size_t threads_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<LaneOperands> operands_;  // of each lane
  std::vector<Work> work_;  // of each lane; run is null when the lane is free
  std::mutex mutex_;        // guards work_, queue_, waiting_
  std::deque<Run*> queue_;
  size_t waiting_ = 0;                // threads in runHere that wait for a lane
  std::atomic<uint32_t> changes_{0};  // counts lanes given back to waiting threads
  std::atomic<size_t> plans_{0};      // bytes
};

}  // namespace haio
