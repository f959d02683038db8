#include "exec/session.h"

#include <limits.h>

#include <algorithm>

#include "cpu/topology.h"
#include "exec/executor.h"
#include "exec/runners.h"
#include "threads/pool.h"
#include "threads/wait.h"

namespace haio {

Binding::Binding(std::shared_ptr<Session> owner, std::unique_ptr<const BoundPlan> decoded)
    : session(std::move(owner)), plan(std::move(decoded)) {
  session->plans_.fetch_add(plan->bytes(), std::memory_order_relaxed);
}
Binding::~Binding() { session->plans_.fetch_sub(plan->bytes(), std::memory_order_relaxed); }

Session::Session(std::shared_ptr<Model> model, const Selection& selection, size_t threads, size_t lanes)
    : model_(std::move(model)),
      selection_(selection),
      threads_(std::min(threads ? threads : usableCores(), kMaxThreads)) {
  for (size_t i = 0; i < std::max<size_t>(1, lanes); i++) {
    lanes_.push_back(std::make_unique<Lane>());
    work_.push_back({this, nullptr, i});
  }
  operands_.resize(lanes_.size());
}

std::shared_ptr<Binding> Session::bind(const double* words, size_t count,
                                       const std::vector<std::string>& kernels, Failure* failure) {
  const Weights weights = model_ ? Weights{model_->data(), model_->bytes()} : Weights{nullptr, 0};
  auto plan = decode(words, count, kernels, weights, selection_, failure);
  if (!plan) return nullptr;
  return std::shared_ptr<Binding>(new Binding(shared_from_this(), std::move(plan)));
}

void Session::submit(Run* run) {
  std::unique_lock<std::mutex> lock(mutex_);
  queue_.push_back(run);
  startQueued(lock);
}

// Gives free lanes to queued runs, unless a thread waits for one. Unlocks while it posts.
void Session::startQueued(std::unique_lock<std::mutex>& lock) {
  for (size_t i = 0; i < work_.size() && waiting_ == 0 && !queue_.empty(); i++) {
    if (work_[i].run) continue;
    take(i, queue_.front());
    queue_.pop_front();
    lock.unlock();
    post({[](void* context) {
            const Work& work = *static_cast<Work*>(context);
            // The run keeps the session alive; after done() it may be gone.
            const std::shared_ptr<Session> self = work.session->shared_from_this();
            Run* const run = work.run;
            self->carry(work.lane, run, self->threads_);
            self->finish(work.lane);
            run->done(run);
          },
          &work_[i]});
    lock.lock();
  }
}

void Session::take(size_t lane, Run* run) {
  work_[lane].run = run;
  lanes_[lane]->stop.store(false, std::memory_order_relaxed);
}

void Session::runHere(Run* run, bool alone) {
  size_t lane = 0;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    waiting_++;
    for (;;) {
      const uint32_t seen = changes_.load();
      lane = 0;
      while (lane < work_.size() && work_[lane].run) lane++;
      if (lane < work_.size()) break;
      lock.unlock();
      sleepWhile(changes_, seen);
      lock.lock();
    }
    waiting_--;
    take(lane, run);
    startQueued(lock);
  }
  carry(lane, run, alone ? 1 : threads_);
  finish(lane);
}

void Session::carry(size_t index, Run* run, size_t threads) {
  Lane& lane = *lanes_[index];
  const BoundPlan& plan = *run->binding->plan;
  LaneOperands& operands = operands_[index];
  if (!lane.prepare(plan, threads_, &run->failure)) return;
  lane.place(plan, &operands, run->inputs.data(), run->outputs.data());
  const int64_t start = nanoseconds();
  execute(plan, operands, lane, threads, run->trace.get());
  if (run->trace) run->trace->finish();
  run->micros = static_cast<double>(nanoseconds() - start) / 1000;
  run->status = lane.status;
  if (lane.stop.load(std::memory_order_relaxed)) run->status = {kAborted, 0, 0};
}

// Gives the lane back.
void Session::finish(size_t lane) {
  std::unique_lock<std::mutex> lock(mutex_);
  work_[lane].run = nullptr;
  startQueued(lock);
  if (waiting_ == 0) return;
  changes_.fetch_add(1);
  wake(&changes_, INT_MAX);
}

template <class Match>
void Session::stopWhere(Match match) {
  std::deque<Run*> removed;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (size_t i = 0; i < work_.size(); i++) {
      if (work_[i].run && match(*work_[i].run)) lanes_[i]->stop.store(true, std::memory_order_relaxed);
    }
    std::deque<Run*> kept;
    for (Run* run : queue_) (match(*run) ? removed : kept).push_back(run);
    queue_.swap(kept);
  }
  for (Run* run : removed) {
    run->status = {kAborted, 0, 0};
    run->done(run);
  }
}

void Session::abort(double token) {
  stopWhere([token](const Run& run) { return run.token == token; });
}
void Session::abortAll() {
  stopWhere([](const Run&) { return true; });
}

void Session::trim() {
  std::lock_guard<std::mutex> lock(mutex_);
  for (size_t i = 0; i < work_.size(); i++) {
    if (!work_[i].run) lanes_[i]->trim();
  }
}

Session::Memory Session::memory() const {
  Memory out = {0, 0, plans_.load(std::memory_order_relaxed), 0};
  for (const auto& lane : lanes_) {
    out.arena += lane->arenaBytes();
    out.scratch += lane->scratchBytes();
    out.allocations += lane->allocations();
  }
  return out;
}

}  // namespace haio
