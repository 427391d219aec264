// SPDX-License-Identifier: Apache-2.0
//
// golang.org/x/sync/errgroup: goroutines that belong together; the first error wins.
//
//   call         | effect
//   -------------|---------------------------------------------------------------------------
//   go(f)        | waits while `limit` goroutines run; then f() in a goroutine
//   try_go(f)    | false where go would wait
//   wait()       | waits for all of them; the first error, and cancels the group's context
//   set_limit(n) | before the first go, or when none runs; n < 0: no limit
//
// A panic in f is not an error: it ends the program, as in any goroutine.
//
// Thread safety: go and try_go by any thread, wait by one that is ordered after the last go. The
// group is a handle.
// Happens-before: the end of each f before the return of wait.
#pragma once

#include <functional>
#include <utility>

#include "chicane/golang/context.h"
#include "chicane/golang/error.h"

namespace chicane::golang {

class ErrGroup {
 public:
  ErrGroup();
  /// A group whose context is canceled by the first error, and when wait returns.
  static std::pair<ErrGroup, Context> with_context(const Context& parent);
  ErrGroup(const ErrGroup& other);
  ErrGroup& operator=(ErrGroup other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~ErrGroup();
  void go(std::function<Error()> f) const;
  bool try_go(std::function<Error()> f) const;
  Error wait() const;
  void set_limit(int limit) const;

 private:
  struct State;
  struct Task;
  static void start(State* state, std::function<Error()> f, const void* site);
  State* state_;
};

}  // namespace chicane::golang
