// Included before everything else: binds to the first versions of functions that glibc renewed after
// 2.28 (Debian 10, RHEL 8), so that a binary built on a newer system still loads there.
#pragma once
#if defined(__x86_64__)
#define HAIO_FIRST_GLIBC "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define HAIO_FIRST_GLIBC "GLIBC_2.17"
#endif
#if __has_include(<gnu/libc-version.h>) && defined(HAIO_FIRST_GLIBC)
#define HAIO_FIRST(function) __asm__(".symver " #function "," #function "@" HAIO_FIRST_GLIBC);
HAIO_FIRST(exp)
HAIO_FIRST(exp2)
HAIO_FIRST(log)
HAIO_FIRST(log2)
HAIO_FIRST(pow)
HAIO_FIRST(fmod)
HAIO_FIRST(fmodf)
HAIO_FIRST(hypot)
HAIO_FIRST(hypotf)
#undef HAIO_FIRST
#endif
#undef HAIO_FIRST_GLIBC
