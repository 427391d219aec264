// SPDX-License-Identifier: Apache-2.0
//
// SIGINT and SIGTERM while an exploration is in progress: the first one is noted, so that the
// exploration can end early and say what it has; the second one ends the process as ever.
//
// Thread safety: at most one object at a time; `signal` may be asked from anywhere.
#pragma once

#include <csignal>

namespace chicane::runner {

class Interrupts {
 public:
  /// Takes the two signals over where nobody else handles them, if `on`.
  explicit Interrupts(bool on);
  /// Gives them back.
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// The one that came, or 0.
  static int signal();
  /// In a forked child: the signals are the program's.
  static void restore_in_child();
};

}  // namespace chicane::runner
