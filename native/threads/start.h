// Starting a thread that may not start: containers limit their number.
#pragma once

namespace haio {

// Runs fn(context) on a new detached thread; false when the system gives none.
bool startThread(void (*fn)(void*), void* context);

}  // namespace haio
