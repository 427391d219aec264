// SPDX-License-Identifier: Apache-2.0
//
// Go's package time. Under the engine time is virtual: nothing waits, a deadline is an order in
// which things *may* happen, and a slow machine is always possible: a goroutine that sleeps is
// woken at its deadline or at any later moment.
//
//   Timer    | its channel                       | stop                | reset(d)
//   ---------|-----------------------------------|---------------------|------------------------
//   armed    | empty                             | true, stopped       | true, armed anew
//   due      | one value                         | true, stopped, and  | true, armed anew, the
//            |                                   | the value is gone   | value is gone
//   received | empty                             | false               | false, armed anew
//   stopped  | empty                             | false               | false, armed anew
//
// (These are Go 1.23's timers: no stale values.) A Ticker is due every period; ticks that nobody
// receives in time are dropped.
//
// Thread safety: any thread; Timer and Ticker are handles, copies refer to the same timer.
// Invariants: I1. Timers fire in the order of their deadlines. I2. A timer needs no goroutine: it
// is due when the clock says so. Happens-before: none.
#pragma once

#include <chrono>

#include "chicane/golang/chan.h"

namespace chicane::golang {

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;  // NOLINT: sleep(50ms) is the vocabulary

/// The engine's virtual clock, or the monotonic one outside of it.
struct Clock {
  using duration = Duration;
  using rep = Duration::rep;
  using period = Duration::period;
  using time_point = std::chrono::time_point<Clock, Duration>;
  static constexpr bool is_steady = true;
  static time_point now();
};
using TimePoint = Clock::time_point;

TimePoint now();
void sleep(Duration duration);
/// A channel that gets the time once, after `duration`.
RecvChan<TimePoint> after(Duration duration);
/// Time since `start`.
inline Duration since(TimePoint start) { return now() - start; }

class Timer {
 public:
  explicit Timer(Duration duration);
  RecvChan<TimePoint> channel() const { return RecvChan<TimePoint>(handle_); }
  /// Whether it prevented a value.
  bool stop() const;
  bool reset(Duration duration) const;

 private:
  internal::ChannelHandle handle_;
};

class Ticker {
 public:
  /// Panics when `period` is not positive.
  explicit Ticker(Duration period);
  RecvChan<TimePoint> channel() const { return RecvChan<TimePoint>(handle_); }
  void stop() const;
  void reset(Duration period) const;

 private:
  internal::ChannelHandle handle_;
};

}  // namespace chicane::golang
