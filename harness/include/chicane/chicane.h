// SPDX-License-Identifier: Apache-2.0
//
// Chicane's public interface: run a piece of concurrent code under many schedules, and learn which
// of them break it.
//
//     chicane::Result result = chicane::explore([] {
//       int counter = 0;
//       std::thread other([&] { ++counter; });
//       ++counter;
//       other.join();
//     });
//     // result.diagnoses[0].kind == "data-race"
//
// The program is ordinary code: std::thread, std::mutex, std::atomic, pthreads, or Go's vocabulary
// of golang.h. Races on plain variables are seen in files compiled with -fsanitize=thread and
// linked against Chicane's runtime instead of ThreadSanitizer's.
//
// Thread safety: `explore` and `replay` may be called from one thread at a time, outside of a
// program under exploration. The types are values.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace chicane {

/// What answers choices; see `chicane list --strategies`.
enum class Strategy {
  kPortfolio,
  kRandom,
  kPct,
  kPos,
  kUrw,
  kSurw,
  kDelay,
  kPreemption,
  kDfs,
  kDpor
};

/// Its name on the command line ("portfolio").
const char* to_string(Strategy strategy);
/// The strategy of that name; false when there is none.
bool parse_strategy(const std::string& name, Strategy* strategy);

/// What an exploration may use.
struct Options {
  Strategy strategy = Strategy::kPortfolio;
  /// Runs at most: a proof that all interleavings were run may come first.
  std::uint64_t schedules = 1000;
  std::uint64_t seed = 1;
  /// Wall-clock seconds after which no further run begins; 0: no limit.
  double time_limit = 0;
  /// Processes at a time. With one strategy and one number of jobs, same seed, same result.
  unsigned jobs = 1;
  /// Only this part (from 0) of so many; no schedule belongs to two parts, all are the whole.
  unsigned shard = 0;
  unsigned shards = 1;
  /// Depth of PCT: the number of ordering constraints of the bugs it is after.
  unsigned pct_depth = 3;
  /// Delay and preemption bounding: the highest number of them.
  unsigned bound = 1000;
  /// Which monitors: "sched" has all of them, "lockorder" predicts lock cycles from a few runs and
  /// confirms them, "tsan" needs a binary linked with ThreadSanitizer.
  std::string leg = "sched";
  /// Operations in a run before it is judged for livelock.
  std::uint64_t step_limit = 20000;
  /// Whether condition waits may return without a signal in every run...
  bool spurious_wakeups = false;
  /// ...or else in every eighth of a search that samples (leg "sched"; strategies portfolio,
  /// random, pct). Without both they never do.
  bool sample_spurious_wakeups = true;
  /// Gives each run a fresh copy of the process, not only those after a run that ended badly.
  bool isolate_runs = false;
  /// Runs that end badly (each costs a process) without anything new before the search ends.
  unsigned bad_runs = 40;
  /// Whether SIGINT and SIGTERM end the exploration instead of the process, and what it has found
  /// so far is the result (where they are not handled otherwise).
  bool interruptible = false;
  /// The program's name, for messages and schedule files.
  std::string program = "program";
  /// For a debugger: a replay calls `chicane_decisive_step` after the first event from this step
  /// on.
  std::uint64_t stop_at_step = 0;
  /// Whether a replay's steps are all events of the run, not only those that tell of the defect.
  bool whole_trace = false;
  /// Where witnesses are written; empty: nowhere.
  std::string witness_dir;
  /// Whether witnesses are made short before they are reported.
  bool shrink = true;
};

/// A place in the program.
struct Frame {
  std::string function;
  std::string file;  // absolute where the debug information says so
  int line = 0;
  std::uint64_t pc = 0;
};

/// Who did what, where.
struct Site {
  std::string role;          // "read", "write", "waits", "holds", "locked", ...
  int thread = -1;           // 0 is the main thread; -1 when no thread is meant
  std::string detail;        // "holding no lock"
  std::string object;        // the variable or lock, by name where it has one
  std::vector<Frame> stack;  // innermost first
  std::uint64_t step = 0;
  std::string value;  // of an access: what was read or written, if known
};

/// One thread of the run that a diagnosis speaks of.
struct ThreadInfo {
  int id = 0;
  int parent = -1;
  std::string name;  // "main", "goroutine 2", "thread 1"
  std::vector<Frame> created_at;
};

/// One event of the witness's run.
struct Step {
  std::uint64_t step = 0;
  int thread = 0;
  std::string operation;  // "lock", "write", ...
  std::string outcome;    // "done", "timed-out", ...
  std::string object;     // by name where it has one
  std::string value;      // what was read or written, if known
  std::string value_after;
  bool forced = false;  // the engine preferred this thread though another could go on
  std::vector<Frame> stack;
};

/// Where the memory lies that a diagnosis speaks of.
struct Storage {
  std::string kind;          // "static", "heap", "stack"; empty: not known
  int thread = -1;           // whose stack, or who allocated the block
  std::uint64_t size = 0;    // of the block
  std::uint64_t offset = 0;  // in the block
  std::vector<Frame> allocated_at;
};

/// A named defect.
struct Diagnosis {
  std::string kind;  // "data-race", see DESIGN of the kinds in `chicane explain`
  std::string message;
  bool confirmed = false;
  std::string leg;
  std::string object;         // the variable, lock or channel concerned
  std::string declared_file;  // where it is declared, if known
  int declared_line = 0;
  Storage storage;  // of the object
  /// Of a race: what would order the accesses, and what comes of it when they are not ordered, if
  /// the exploration showed that.
  std::string would_order, effect;
  std::vector<Site> sites;
  std::vector<ThreadInfo> threads;
  std::vector<Step> steps;  // of the witness
  std::string witness;      // the schedule file, if one was written
  std::string schedule;     // the schedule's text
  int forced_switches = 0;
  bool minimal = false;      // leaving out any one forced switch of the witness loses it: checked
  std::uint64_t length = 0;  // steps of the witness
  std::uint64_t original_length = 0;  // before shrinking
  std::uint64_t run = 0;              // in which run it was first seen
};

/// What an exploration found.
struct Result {
  std::uint64_t runs = 0;
  /// Of the runs, those of a search through all there is (in this shard): complete ones, no two
  /// alike, and ones that were given up as nothing new. The others sample, probe or repeat.
  std::uint64_t executions = 0;
  std::uint64_t blocked = 0;
  bool exhausted = false;
  /// Of such a search: how many executions there are in all (in this shard), as far as can be told,
  /// and by how much that may be wrong; 0: it is not known.
  double estimate = 0;
  double estimate_error = 0;
  double runs_per_second = 0;
  std::string strategy;
  std::uint64_t seed = 0;
  std::int64_t first_finding_run = -1;
  /// How many runs differed in more than the order of independent operations; 0: not counted.
  std::uint64_t distinct_behaviours = 0;
  /// What was done, in one line: what was proven, or how much was seen.
  std::string summary;
  /// What each schedule had at least the probability `bound` to do, or what bound was reached; ""
  /// when the strategy promises nothing.
  std::string guarantee;
  double bound = 0;
  /// Why no further run was made: "schedules" (all were run), "exhausted", "bad-runs" (see
  /// Options::bad_runs), "stuck", "time", "interrupted".
  std::string ended_by;
  int signal = 0;  // that interrupted it
  std::vector<Diagnosis> diagnoses;
  /// Of a whole program: its libraries whose plain accesses are not seen.
  std::vector<std::string> modules_not_instrumented;
  /// Why it could not be done ("" when it was): the leg is unavailable on this machine, a schedule
  /// did not fit.
  std::string error;
  bool unavailable = false;
};

/// A diagnosis as a person reads it: several lines, each ended by a newline.
std::string to_text(const Diagnosis& diagnosis);
/// For test frameworks, called in a program under exploration: an `assertion-failed` of this text;
/// the run goes on. Elsewhere: nothing happens.
void report_failed_assertion(const std::string& text);
/// Whether there is such a kind of diagnosis ("data-race").
bool is_kind(const std::string& kind);

/// Explores `program` (called once per run, in child processes; what it captures is copied with the
/// process) under `options`. Never throws; what the program throws is a diagnosis.
Result explore(const std::function<void()>& program, const Options& options = {});

/// A schedule, as `Diagnosis::schedule` has it and schedule files keep it.
struct Schedule {
  std::string text;
};

/// Runs `program` once under `schedule`. A schedule that is malformed or does not fit gives
/// `Result::error`, which names the step, what was expected and what is there.
Result replay(const std::function<void()>& program, const Schedule& schedule);
/// As above, with options: the leg's monitors, the program's name (a schedule of another program is
/// refused).
Result replay(const std::function<void()>& program, const Options& options,
              const Schedule& schedule);

/// A shorter schedule of the same diagnosis: the fewest forced switches, then the fewest steps that
/// a search finds, 1-minimal in the switches. With `options.shrink` off, it only says whether the
/// given schedule is 1-minimal.
Result shrink(const std::function<void()>& program, const Options& options,
              const Schedule& schedule);

}  // namespace chicane
