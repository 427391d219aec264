// SPDX-License-Identifier: Apache-2.0
//
// memcpy, memmove and memset of a program that gcc compiled, by the names that Chicane's headers
// give them (include/chicane/overrides/features.h). clang's ThreadSanitizer has functions of these
// names; gcc's intercepts the ordinary ones. It is told by a jump, so that it sees who called.
//
// Thread safety: any thread.
#if !defined(__clang__)
#if defined(__x86_64__)
#define CHICANE_JUMP "jmp"
#else
#define CHICANE_JUMP "b"
#endif
#define CHICANE_RANGE(name)                          \
  asm(".text\n"                                      \
      ".weak __tsan_" #name                          \
      "\n"                                           \
      ".type __tsan_" #name                          \
      ", %function\n"                                \
      "__tsan_" #name ":\n\t" CHICANE_JUMP " " #name \
      "\n"                                           \
      ".size __tsan_" #name ", .-__tsan_" #name "\n")

CHICANE_RANGE(memcpy);
CHICANE_RANGE(memmove);
CHICANE_RANGE(memset);
#endif
