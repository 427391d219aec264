// SPDX-License-Identifier: Apache-2.0
//
// Go's package sync: Cond, WaitGroup, Once, and by inclusion Mutex and RWMutex (mutex.h). The zero
// value is ready to use; none can be copied. The table before each class is its state machine: what
// it does not list is misuse.
//
// Thread safety, invariants and cost: as in mutex.h, except that Cond::wait is three operations,
// and Once::call two for the caller that runs the function.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "chicane/golang/go.h"
#include "chicane/golang/mutex.h"
#include "chicane/golang/thread_annotations.h"

namespace chicane::golang {

namespace internal {
struct CondWaiter;
struct GroupWaiter;
}  // namespace internal

//   waiters | wait (lock held)                      | signal             | broadcast
//   --------|---------------------------------------|--------------------|------------
//   none    | unlocks, waits; locks before it ends  | lost               | lost
//   n       | likewise, behind the others           | wakes the first    | wakes all
//
// wait without the lock is fatal (wait-without-lock). As in Go there are no spurious wake-ups, but
// the state may have changed again before the lock is back: wait in a loop over the predicate.
// signal and broadcast need no lock.
// Happens-before: a signal or broadcast before the return of each wait that it wakes.
class Cond {
 public:
  explicit Cond(Mutex& lock);
  explicit Cond(RWMutex& lock);  // its write side
  Cond(const Cond&) = delete;
  Cond& operator=(const Cond&) = delete;
  void wait() CHICANE_NO_THREAD_SAFETY_ANALYSIS;
  void signal();
  void broadcast();

 private:
  void begin(const internal::Section& section);
  void wake(const void* site, bool all);
  std::uint32_t generation_ = 0;
  Mutex* mutex_ = nullptr;
  RWMutex* rw_ = nullptr;
  internal::CondWaiter* first_ = nullptr;
  internal::CondWaiter* last_ = nullptr;
};

//   counter | add(n > 0)                        | done / add(n < 0)              | wait
//   --------|-----------------------------------|--------------------------------|--------
//   0       | n; misuse waitgroup-misuse while  | panic negative-waitgroup       | returns
//           | another goroutine is in wait      |                                |
//   c > 0   | c + n                             | c - n; at 0 every waiter wakes;| waits
//           |                                   | below 0 panic                  |
//
// "While in wait": from the moment that a goroutine has come to wait until wait has returned to it.
// Such an add is not ordered before the wait, so wait may as well return without it; after a wait
// was woken, it is reuse before that wait has returned. The program goes on after the diagnosis.
// Happens-before: each done before the return of a wait that it unblocks.
class WaitGroup {
 public:
  constexpr WaitGroup() = default;
  ~WaitGroup();
  WaitGroup(const WaitGroup&) = delete;
  WaitGroup& operator=(const WaitGroup&) = delete;
  void add(int delta);
  void done();
  void wait();
  /// add(1), then `f()` in a goroutine, then done(), also after a panic.
  template <class F>
  void go(F&& f) {
    add(1);
    golang::go([this, f = std::decay_t<F>(std::forward<F>(f))]() mutable {
      struct Done {
        WaitGroup* group;
        ~Done() { group->done(); }
      } done{this};
      f();
    });
  }

 private:
  friend class ErrGroup;
  void add_at(int delta, const void* site);
  void wait_at(const void* site);
  void begin(const internal::Section& section);
  std::uint32_t generation_ = 0;
  std::int64_t counter_ = 0;
  internal::Edge edge_;
  internal::GroupWaiter* waiters_ = nullptr;
};

//   state   | call(f)
//   --------|-----------------------------------------------------------------
//   new     | running; f(); done, also when f panics (the panic goes on)
//   running | waits; the running f calling it again waits for itself for ever
//   done    | returns at once
//
// Happens-before: the end of f before the return of every call.
class Once {
 public:
  constexpr Once() = default;
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;
  template <class F>
  void call(F&& f) {
    if (!begin()) return;
    struct End {
      Once* once;
      ~End() { once->end(); }
    } end{this};
    std::forward<F>(f)();
  }

 private:
  void reset(const internal::Section& section);
  bool begin();  // whether the caller is the one to run f
  void end();
  std::uint32_t generation_ = 0;
  std::uint8_t state_ = 0;
  internal::Edge edge_;
};

}  // namespace chicane::golang
