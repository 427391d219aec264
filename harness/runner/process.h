// SPDX-License-Identifier: Apache-2.0
//
// Starts another program and waits for it, for a limited time. It gets a process group of its own,
// so that what it forked ends with it; its output goes to a file.
//
// Thread safety: any thread. `kill_all_processes` may be called from a signal handler.
// Invariants:
//   I1. When `run_process` returns, nothing of the process group is left.
#pragma once

#include <string>
#include <vector>

namespace chicane::runner {

struct ProcessEnd {
  /// What kept it from starting, else "".
  std::string error;
  bool timed_out = false;
  int exit_code = -1;  // when it exited by itself
  int signal = 0;      // when a signal ended it
  double seconds = 0;

  /// "exited with 3", "was ended by SIGSEGV", "did not finish within 60 s"
  std::string describe() const;
};

struct ProcessOptions {
  /// A session of its own, so that it has no terminal either.
  bool own_session = false;
  /// Its output goes where this process's goes, not into the log.
  bool keep_output = false;
};

/// Runs `arguments[0]` with `arguments` for at most `limit_seconds` of wall clock; standard output
/// and error go to the file `log`.
ProcessEnd run_process(const std::vector<std::string>& arguments, const std::string& log,
                       double limit_seconds, const ProcessOptions& options = {});

/// Runs a program of the PATH with this process's terminal, in which an interrupt is its own.
/// `arguments` are followed by `more`. Returns its exit status; -1 with errno when there is none.
int run_on_terminal(std::vector<std::string> arguments, const std::vector<std::string>& more);

/// Ends what `run_process` is waiting for.
void kill_all_processes();

/// From here on the first SIGINT or SIGTERM is handed to what `run_process` is waiting for, which
/// has a few seconds to end by itself; the second one kills it and this process.
void hand_on_interrupts();
/// The signal that came since, or 0.
int interrupted_by();

}  // namespace chicane::runner
