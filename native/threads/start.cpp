// The one file compiled with exceptions: std::thread reports failure by throwing. (pthread_create
// itself would bind to the newest glibc of the build machine.)
#include "threads/start.h"

#include <system_error>
#include <thread>

namespace haio {

bool startThread(void (*fn)(void*), void* context) {
  try {
    std::thread(fn, context).detach();
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace haio
