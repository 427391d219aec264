// SPDX-License-Identifier: Apache-2.0
//
// Stands before the C library's header of this name, which every other one includes, where a
// program is instrumented for Chicane (`-isystem <include>/chicane/overrides`), and includes it.
//
// clang makes calls of __tsan_memcpy of a program's calls of memcpy, and of copies of the library's
// (a vector's); gcc leaves them to whoever intercepts memcpy. The names below are for both: for the
// calls, and for what the compiler makes calls of. (What gcc copies in place, because it is short
// and its length known, nobody is told of.)
#include_next <features.h>

#if !defined(CHICANE_OVERRIDES_FEATURES_H) && defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define CHICANE_OVERRIDES_FEATURES_H
#if defined(__cplusplus)
extern "C" {
#define CHICANE_NAMED(name) __THROW __asm__(name)
#else
#define CHICANE_NAMED(name) __asm__(name)
#endif
extern void* memcpy(void*, const void*, __SIZE_TYPE__) CHICANE_NAMED("__tsan_memcpy");
extern void* memmove(void*, const void*, __SIZE_TYPE__) CHICANE_NAMED("__tsan_memmove");
extern void* memset(void*, int, __SIZE_TYPE__) CHICANE_NAMED("__tsan_memset");
#undef CHICANE_NAMED
#if defined(__cplusplus)
}
#endif
#endif
