// SPDX-License-Identifier: Apache-2.0
//
// Stands before libstdc++'s header of this name where a program is instrumented for Chicane
// (`-isystem <include>/chicane/overrides`), and includes it.
//
// libstdc++ looks at an atomic up to sixteen times, and yields, before it waits in the kernel.
// Under the engine each look is a step, and a schedule in which nothing happens meanwhile would be
// all but unreachable. So it looks once: whether it then waits, and for how long, is the schedule's
// choice. By overload: this one is more constrained than the library's, and the same but for that.
#pragma once

#include_next <bits/atomic_wait.h>

#if defined(__cpp_lib_atomic_wait) && defined(__cpp_concepts)
namespace std::__detail {

template <typename Predicate, typename Spin = __default_spin_policy>
  requires true
bool __atomic_spin(Predicate& predicate, Spin = Spin{}) noexcept {
  return predicate();
}

}  // namespace std::__detail

#if _GLIBCXX_RELEASE <= 14 && defined(_GLIBCXX_HAVE_PLATFORM_WAIT)
namespace std {

// What std::counting_semaphore waits by. The library's reads the counter, fails to take from it,
// and sleeps while it has the value that was read: for ever, if it was taken down and put up again
// between (GCC bug 104928). That would be told as the program's deadlock, so here it sleeps while
// the counter is 0.
template <typename Predicate>
  requires true
void __atomic_wait_address_bare(const __detail::__platform_wait_t* counter,
                                Predicate predicate) noexcept {
  while (!predicate()) __detail::__platform_wait(counter, 0);
}

}  // namespace std
#endif
#endif
