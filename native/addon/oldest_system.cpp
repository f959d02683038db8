// Symbols that the compiler's headers refer to and the oldest supported system lacks; defined here,
// they are not looked for there. scripts/check-symbols.mjs tells when one is missing.
#include <stdlib.h>

// Whether the process has one thread only, for cheaper reference counts (glibc 2.32): it never has.
extern "C" __attribute__((visibility("hidden"))) char __libc_single_threaded;
char __libc_single_threaded = 0;

namespace std {
// Thrown by containers for absurd sizes (libstdc++ of gcc 11); the addon has no exceptions.
[[noreturn]] __attribute__((visibility("hidden"))) void __throw_bad_array_new_length();
void __throw_bad_array_new_length() { abort(); }
}  // namespace std
