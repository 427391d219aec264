// SPDX-License-Identifier: Apache-2.0
//
// Runs in child processes: the parent stays pristine and single-threaded (the fork server's
// template), a child executes many runs in its own memory, and a run that ends badly ends its
// child. What the child found is in the journal, whatever became of the child.
//
// Thread safety: one thread; the caller must not be a program thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chicane/chicane.h"
#include "engine/finding.h"
#include "engine/journal.h"
#include "runner/explorer_progress.h"
#include "runner/explorer_strategy.h"
#include "strategies/strategies.h"

namespace chicane::runner {

/// A whole process as the program.
struct Hosting {
  /// How it is started: for schedule files.
  std::vector<std::string> command;
  std::string directory, standard_input, isolation;
  /// Called in the child before each run; whether the run is recorded.
  std::function<void(bool recorded)> before_run;
  /// RunOptions::end_process.
  void (*end_process)() = nullptr;
};

using Monitors = std::vector<std::unique_ptr<engine::Monitor>>;
/// What watches the runs of a leg; `replays`: those of a schedule, of which only findings of `kind`
/// matter, or all if it is empty. `sparing`: and nobody asks what a run shows besides.
Monitors make_monitors(const std::string& leg, bool replays, const std::string& kind = {},
                       bool sparing = false);

/// What a child is to do.
struct ChildTask {
  const std::function<void()>* program = nullptr;
  const Options* options = nullptr;
  /// Set when the program is a whole process.
  const Hosting* hosting = nullptr;
  /// Where answers come from; null when `replay`, `steer` or `steer_race` gives them.
  const SharedStrategy* strategy = nullptr;
  /// Made ahead for children that make few runs each, and fresh in each of them; null: a child
  /// makes its own.
  const Monitors* monitors = nullptr;
  /// Runs of the strategy: every `stride`-th of [first, end).
  std::uint64_t first_run = 0;
  std::uint64_t end_run = 1;
  std::uint64_t stride = 1;
  /// Answers from these choices.
  const std::vector<engine::ChoiceRecord>* replay = nullptr;
  /// And is asked for findings of this kind only; empty: for all.
  std::string kind = {};
  /// Whether condition waits may return without a signal, whatever the options say.
  bool spurious_wakeups = false;
  /// Where `replay` does not fit, goes on by the default policy instead of noting a divergence.
  bool lenient = false;
  /// Before what is in `replay`: goes along this course.
  const engine::Course* course = nullptr;
  /// Of a lenient replay: where its course is written, in shared memory.
  engine::CourseLog* log = nullptr;
  /// Steers into a lock cycle.
  const std::vector<strategies::SteerRole>* steer = nullptr;
  /// Steers into a race that an earlier run foretold; no further ones are foretold then.
  const engine::PredictedRace* steer_race = nullptr;
  /// Where the child says how far `strategy` is; null: nobody asks.
  SharedProgress* progress = nullptr;
  /// With other addresses, and other bytes where the program has not written.
  bool disturbed = false;
  /// Called in the child after the last run when it ended well (to hand on what monitors know).
  std::function<void(const std::vector<engine::Monitor*>&)> after_runs = {};
};

enum class ChildEnd : std::uint8_t {
  kRan,      // all runs done, or one ended badly and was written down
  kKilled,   // died without writing it down
  kStuck,    // did not move any more and was stopped
  kStopped,  // was told to stop in the middle of a run, or an interrupt reached it too
  kNoChild,  // the system refuses a process, or what it needs (`refusal`)
};

/// A child at work. The journal keeps what it had; new findings are added. `task` and `journal`
/// must live as long as it.
class ChildProcess {
 public:
  ChildProcess(const ChildTask& task, engine::Journal& journal);
  /// Kills what still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  bool started() const { return pid_ > 0; }
  bool ended() const;
  /// Waits until one of `children` ends, for at most `milliseconds`.
  static void wait_for_any(const std::vector<ChildProcess*>& children, int milliseconds);
  /// Whether it still makes progress: what stands still is asked where it is, and then killed. To
  /// be called every now and then (50 ms).
  void look();
  /// No further run begins.
  void ask_to_stop() { journal_.counters().stop = 1; }
  /// Ends it at once.
  void kill();
  /// Reaps it once it has ended, and writes down what it could not.
  ChildEnd finish();
  /// So many threads has a run had at most, of all children of this process that have ended.
  static std::uint32_t most_threads();

 private:
  std::uint64_t progress() const;
  const ChildTask& task_;
  engine::Journal& journal_;
  pid_t pid_ = -1;
  int handle_ = -1;  // readable when it has ended; -1: the kernel has no such thing
  clockid_t cpu_clock_{};
  bool has_cpu_clock_ = false;
  std::uint64_t last_progress_ = 0;
  // In seconds: since when it only waits, and its own time when it last made progress (or was
  // asked).
  double since_ = 0, cpu_since_ = 0;
  bool asked_ = false;  // where it is
  bool killed_ = false;
};

/// Why there was no child, as an error.
std::string refusal();
/// The error where the system refuses shared memory for `what`.
std::string refusal_of_memory(const std::string& what);

/// How many runs `run_child` has made in this process: beside those that an exploration counts. For
/// tests that count runs.
extern std::uint64_t g_runs_besides;

/// Forks, runs, waits.
ChildEnd run_child(const ChildTask& task, engine::Journal& journal);

}  // namespace chicane::runner
