// SPDX-License-Identifier: Apache-2.0
//
// One core for an exploration whose children make a run each. Parent and child take turns: on two
// cores each turn wakes a core that sleeps and finds its caches cold, which costs more than the
// run of a small program.
//
// Thread safety: one thread; at most one object at a time.
// Invariants:
//   I1. The program sees the cores that the process was started with.
//   I2. Now and then the system may choose another core, since others may come to this one.
#pragma once

#include <sched.h>

namespace chicane::runner {

class OneCore {
 public:
  /// Stays where it is, if `on`.
  explicit OneCore(bool on);
  /// May run anywhere again.
  ~OneCore();
  OneCore(const OneCore&) = delete;
  OneCore& operator=(const OneCore&) = delete;

  /// Before and after waiting for a child.
  void before_wait();
  void after_wait();
  /// In a forked child: I1.
  static void release_in_child();

 private:
  void stay();
  bool on_;
  unsigned waits_ = 0;
};

}  // namespace chicane::runner
