// Threads of the process that carry runs, no more than the usable cores; started when needed.
#pragma once

namespace haio {

struct Task {
  void (*fn)(void*);
  void* context;
};

// Runs the task on a runner, first come, first served; at once on the calling thread when the
// system gives no thread at all.
void post(Task task);

}  // namespace haio
