// SPDX-License-Identifier: Apache-2.0
//
// The journal: what the child process that runs the program leaves for its parent, in shared
// memory. It has the choices of the current run, the findings of all runs with a copy of their
// choices (their witnesses), the races that runs foretell, and, for a recorded run, its trace.
//
// Thread safety: one writer (the child, engine context); the parent reads when the child has ended
// or stands still, and reads the counters at any time.
// Invariants:
//   I1. At every moment the choices say how the program came to where it is: each is written before
//       the thread that it lets run runs.
//   I2. A finding whose kind and sites are those of an earlier one is dropped, except that a race
//       is taken once more when its run shows more of it (Finding::telling).
//   I3. When room runs out the run goes on and `truncated()` says so; nothing is overwritten.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/finding.h"
#include "engine/monitor.h"

namespace chicane::engine {

/// A witness: the choices of a run that had a finding.
struct WitnessRecord {
  std::uint64_t run;
  std::uint32_t finding;  // the first finding it is for
  std::uint32_t finding_count;
  std::uint32_t first_choice;  // in the witness choices
  std::uint32_t choice_count;
  std::uint32_t racy_count;  // how many of the racy sites were operations in it
  RunEnd end;
};

/// A block that the program got in a recorded run, and where. What `free` or `realloc` ended is in
/// the list still: of several blocks at an address the last one before a step is meant.
struct AllocationRecord {
  std::uint64_t start, size;
  std::uint64_t step;
  ThreadId thread;
  Stack stack;
};

/// Two accesses that race in another order of the locks, as one run tells (race_prediction.h): who
/// makes them, where, and the how many-th at that place it is for its thread, from 1.
struct PredictedRace {
  struct Access {
    ThreadId thread;
    std::uint64_t site;
    std::uint64_t address;
    std::uint32_t count;
  };
  Access first, second;
  std::uint64_t run;
  bool sure;  // the data that the accesses depend on is the same in that order
};

/// What the parent may read at any time.
struct JournalCounters {
  std::uint64_t run;  // the current run's number
  std::uint64_t runs_done;
  std::uint64_t step;  // operations in the current run
  std::uint64_t total_steps;
  std::uint64_t bad_runs;         // runs that ended badly
  std::uint64_t run_nanoseconds;  // time spent in runs
  ThreadId thread;                // who runs
  ThreadId threads;               // the most of one run
  RunEnd last_end;
  std::uint8_t in_program;  // a run is in progress
  std::uint8_t exhausted;   // the strategy has no further run
  std::uint8_t diverged;    // a replayed schedule did not fit
  std::uint8_t truncated;
  std::uint8_t stop;            // set by the parent: no further run is to begin
  std::uint8_t lost_update;     // in the current run a racing write was overwritten unseen
  std::uint64_t diverged_at;    // index of the choice that did not fit
  std::uint64_t diverged_site;  // a code address, or 0
  char divergence[240];         // what is there instead
};

class Journal {
 public:
  /// Maps the shared memory (about 1 GiB of address space, committed as it is used). Null when the
  /// system refuses.
  static Journal* create();
  void destroy();

  // ---- child ----
  void begin_run(std::uint64_t run);
  void add_choice(const ChoiceRecord& choice) {
    if (*choice_count_ == kMaxChoices) [[unlikely]] {
      counters_->truncated = 1;
      return;
    }
    choices_[(*choice_count_)++] = choice;
  }
  /// Which step begins, and whose it is.
  void note_step(std::uint64_t step, ThreadId thread) {
    counters_->step = step;
    counters_->thread = thread;
  }
  Finding* begin_finding(std::string_view kind, std::string_view message);
  FindingSite* begin_site(Finding* finding);
  /// Drops the last finding if it is known (I2). True: it is new.
  bool commit_finding();
  /// Keeps the run's choices as the witness of the findings since begin_run.
  void end_run(RunEnd end, std::uint64_t steps);
  TraceRecord* add_trace();
  /// Null when there is none.
  TraceRecord* last_trace();
  /// In a recorded run. Null when there is no room.
  AllocationRecord* add_allocation();
  /// False when a race of these two places is there already, or there is no room.
  bool add_prediction(const PredictedRace& race);
  ThreadRecord* add_thread();

  // ---- parent ----
  /// Whether events and stacks are recorded.
  bool recording() const { return recording_; }
  void set_recording(bool on) { recording_ = on; }
  /// Forgets findings, witnesses and trace, but not which findings are known unless `known` too.
  void clear(bool known);
  /// Witnesses the current run when the child died in it (end_run was not reached).
  void end_dead_run();

  JournalCounters& counters() { return *counters_; }
  std::span<const Finding> findings() const;
  std::span<const FindingSite> sites(const Finding& finding) const;
  std::span<const WitnessRecord> witnesses() const;
  std::span<const ChoiceRecord> choices(const WitnessRecord& witness) const;
  std::span<const ChoiceRecord> current_choices() const;
  std::span<const TraceRecord> trace() const;
  std::span<const ThreadRecord> threads() const;
  std::span<const AllocationRecord> allocations() const;
  std::span<const PredictedRace> predictions() const;
  /// Code addresses whose plain accesses are operations, in the order in which they were found.
  std::span<const std::uint64_t> racy_sites() const;
  void add_racy_site(std::uint64_t site);
  void set_racy_sites(std::span<const std::uint64_t> sites);

 private:
  struct Memory;
  bool known(std::uint64_t signature, std::uint8_t telling);
  std::uint8_t telling(const Finding& finding) const;
  std::uint64_t signature(const Finding& finding) const;
  Memory* memory_ = nullptr;
  static constexpr std::size_t kMaxChoices = 1 << 20;
  JournalCounters* counters_ = nullptr;
  ChoiceRecord* choices_ = nullptr;  // of the current run
  std::uint32_t* choice_count_ = nullptr;
  bool recording_ = false;
  bool open_finding_ = false;
  std::uint32_t first_finding_ = 0;  // of this run
};

}  // namespace chicane::engine
