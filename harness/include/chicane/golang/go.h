// SPDX-License-Identifier: Apache-2.0
//
// Goroutines. `go(f)` starts a thread that nobody joins; it ends with its function, or with the
// program. A Panic (or any exception) that leaves it ends the program.
//
// Thread safety: any thread.
// Happens-before: the `go` statement before the first operation of the goroutine. Its end happens
// before nothing: whoever needs that uses a channel or a WaitGroup.
// Cost: under the engine a fiber; on native threads a detached pthread.
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>

namespace chicane::golang {

namespace internal {
void start_goroutine(void* (*body)(void*), void* closure);

template <class F>
void* run_closure(void* pointer) {
  struct Owner {
    F* f;
    ~Owner() { delete f; }
  } owner{static_cast<F*>(pointer)};
  (*owner.f)();
  return nullptr;
}
}  // namespace internal

/// Runs `f()` in a new goroutine.
template <class F>
void go(F&& f) {
  using Closure = std::decay_t<F>;
  internal::start_goroutine(&internal::run_closure<Closure>, new Closure(std::forward<F>(f)));
}

/// Runs `f(arguments...)` in a new goroutine; as in Go, the arguments are evaluated (copied) here.
template <class F, class A, class... More>
void go(F&& f, A&& a, More&&... more) {
  go([f = std::decay_t<F>(std::forward<F>(f)),
      arguments = std::tuple<std::decay_t<A>, std::decay_t<More>...>(
          std::forward<A>(a), std::forward<More>(more)...)]() mutable {
    std::apply(f, std::move(arguments));
  });
}

}  // namespace chicane::golang
