// SPDX-License-Identifier: Apache-2.0
//
// Stands before libstdc++'s header of this name where a program is instrumented for Chicane
// (`-isystem <include>/chicane/overrides`), and includes it.
//
// Up to GCC 12, std::atomic<std::shared_ptr> unlocks its lock bit relaxed after reading, so that
// nothing orders the next writer behind the reader: a race by the letter, which is the library's
// and not the program's. Here those orders are release (a load by that order is as good as
// relaxed).
#pragma once

#include <bits/atomic_base.h>

#if _GLIBCXX_RELEASE <= 12
#pragma push_macro("memory_order_relaxed")
#define memory_order_relaxed memory_order_release
#endif
#include_next <bits/shared_ptr_atomic.h>
#if _GLIBCXX_RELEASE <= 12
#pragma pop_macro("memory_order_relaxed")
#endif
