// SPDX-License-Identifier: Apache-2.0
//
// Keeps threads that wait actively from making exhaustive searches endless. A thread that goes
// round a loop and finds all as it was the time before (Trace::goes_round) will find it so until
// another has changed something, and going round once more makes no difference to anybody: what it
// may see later it sees as well in a run in which it comes later. So it goes no further in that
// run. Which rounds are in vain is told by what comes before them alone, so that two orders of
// independent steps have the same: a search that makes one run of each trace still does.
//
// Why nothing is missed: take a run in which a thread goes round for the second time and finds the
// same. Without that round the run is one of the program's still, and everybody else does and sees
// what they did; so it can be taken out, and what is left is a run that is made. That asks for two
// things. First, the thread is where it was: it found the same.
//   * A value that the same step left, or one that has changed nothing since.
//   * A try that fails tells nothing but that: who has the lock, and whether it is still the same
//     one, is no matter.
//   * Who gets a lock sees what was done before it was free: that is the same if none of what came
//     before now and not then has changed anything, of other objects or of memory (plain writes,
//     engine/plain_writes.h; of its stack, if it wrote there what it wrote the time before).
// Second, the round leaves no mark: nothing is changed, what was locked in it is unlocked, and
// whoever saw that it was locked saw it in a round that can be taken out as well
// (trace_left_out.cc). Of two threads that back off from each other the rounds are taken out
// together; a step that is in no round, and sees the lock taken, makes the round count.
//
// A round takes time: a sleep, a try that waits until its deadline, a look at the clock. Virtual
// time has no value of its own, only an order: of two who wait for a time the earlier one comes
// first. Without the round it is earlier for all that follows by what the round took, so that
// deadlines that are announced later keep their order among each other, and one that was due stays
// due. That a deadline, or what a clock shows, is another one in each round is therefore no
// difference (of what a thread writes to its stack, too, where it is by as much later as the clock
// was). What changes is the place of deadlines that others were waiting for meanwhile, and that
// were not due:
//   * Who waits so holds up the round: while a thread that does not go round waits for a time, to
//     come nearer to that is a mark, and the round counts. There is an end of that: when the time
//     has come, it is that thread's turn.
//   * Who goes round himself does not (Trace::going_round), if he has been judged to. What he does
//     by his time coming is a look that finds nothing new: by as many rounds less he comes to the
//     same looks as early as by his first time, and stands before them, waiting for no time, as
//     long as one likes; or he waits for what he looks for and for the time in one step, and can go
//     on whenever there is something new.
//
// But a loop may end by itself: three attempts, then something else. So where a thread goes round
// for the first time with that value, the place is *judged*: the thread goes on alone, or with
// those whose rounds belong to its own, in the same order as before; and where others who go round
// wait for an earlier time than it does, with these, too. If one of them leaves, nobody is held
// there any more by that value; if all are still there after kMostRounds rounds (or half of the
// steps that a run may have), they wait: a loop of a thousand rounds ends by itself, too, and one
// that looks at the clock ends at a time; but nobody is to spin for longer than is needed to tell.
// Nobody is judged while others who do not go round wait for a time. A search that has judged
// begins anew.
//
// Which places are judged, and where the thread was then, depends on the runs that are made: two
// searches of one program (in two ways, or of two shards) may judge different places and so hold
// different threads. What they leave out is without effect in both: they see the same states, but
// their traces, and how many, need not be the same.
//
// When nobody is left but threads that are held, the run is over for the search. The program goes
// on: threads that now find what they have waited for come to their end, and if there is nothing to
// find, the step limit says so.
//
// Thread safety: engine context. Lives in shared memory.
// Invariants:
//   I1. A run that is left out is as one that was made, but that threads have gone round more often
//       in it. What a program counts of such rounds, beyond two, is not explored, nor what it makes
//       of how long they took by the clock, nor what it does after a loop that is longer than a
//       thread is judged for.
//   I2. A place is judged once for each value that is found there; of a round with locks, for all
//       that is found in it, and for what memory is then, but for stacks.
//   I3. Writes are noted only once somebody has gone round and locked something: the search begins
//       anew there. Where nobody tells of writes, who locks something is not held.
// Cost: nothing while nobody goes round; then a few ns per thread and choice.
#pragma once

#include <cstdint>

#include "engine/shared_heap.h"
#include "engine/strategy.h"
#include "strategies/mix.h"
#include "strategies/trace.h"

namespace chicane::strategies {

class Spins {
 public:
  static constexpr int kNothing = -1, kJudged = -2;
  void begin_run() {
    judged_ = kNone;
    decided_ = false;
  }
  /// Whether the thread goes no further in this run.
  bool holds(const Trace& trace, Tid tid) const {
    return trace.anybody_goes_round() && is_held(trace, tid);
  }
  /// Whether it holds all threads of `choice`, of which there may be none.
  bool holds_all(const Trace& trace, const engine::ThreadChoice& choice) const;
  /// In the rest of a run that is over for the search. Fair, and not in turns: threads that back
  /// off from each other in step would do so for ever.
  static unsigned pick_in_rest(const engine::ThreadChoice& choice) {
    return static_cast<unsigned>(mix(choice.step) % choice.enabled.size());
  }
  /// Whether it holds threads anywhere.
  bool any() const;
  /// Then: adds to a report that all were run what that leaves out.
  void add_exception(engine::StrategyReport* report) const {
    if (any()) add_exception_to(report);
  }
  static void add_exception_to(engine::StrategyReport* report);
  /// Whether runs begin that note what is written (Trace::begin_run): some thread has gone round
  /// and locked something.
  bool needs_writes() const { return find(kWrites) != nullptr; }
  /// How many places have been judged: when it changes, the search begins anew.
  std::size_t judged() const { return places_.size(); }
  /// Where somebody is to be judged, the index of who goes on; kJudged: it has been, and the run is
  /// of no further use to the search; kNothing: nobody.
  int judge(const Trace& trace, const engine::ThreadChoice& choice) {
    if (judged_ == kNone && !trace.anybody_goes_round() && !trace.misses_writes()) return kNothing;
    return go_on(trace, choice);
  }
  /// Somebody is judged: a try has its last outcome, it misses who is there, as it did before.
  bool is_judging() const { return judged_ != kNone; }
  /// After the run, or its end by the program's process: whether the search begins anew.
  bool end_run();

 private:
  static constexpr std::uint32_t kMostRounds = 1024;
  static constexpr std::uint64_t kWrites =
      0;  // in the place of a place: they are noted from now on
  struct Place {
    std::uint64_t place;
    bool spins;
  };
  /// Somebody who goes round, and was let go on, so that time does.
  struct Passing {
    Tid tid;
    std::uint64_t place;
  };
  bool is_held(const Trace& trace, Tid tid) const;
  bool may_be_left_out(const Trace& trace, std::uint32_t last, bool surely) const;
  static bool others_wait(const Trace& trace, Tid tid);
  bool is_long_enough(const Trace& trace, std::uint64_t step) const;
  int let_time_pass(const Trace& trace, const engine::ThreadChoice& choice);
  void find_unjudged(const Trace& trace, const engine::ThreadChoice& choice);
  bool note_order(const Trace& trace, std::uint32_t last);
  static bool others_meddle(const Trace& trace, const Trace::Rounds& rounds, std::uint32_t last);
  bool all_go_round(const Trace& trace) const;
  Tid next_in_order();
  int go_on(const Trace& trace, const engine::ThreadChoice& choice);
  int decide(bool spins);
  static std::uint64_t what(const Trace& trace, std::uint32_t step);
  std::size_t index_from(std::uint64_t place) const;
  const Place* find(std::uint64_t place) const;

  engine::SharedVector<Place> places_;         // in order
  Tid judged_ = kNone;                         // in this run
  engine::SharedVector<Tid> order_;            // in which those go on who are judged together
  std::size_t next_ = 0;                       // of these
  engine::SharedVector<std::uint32_t> ahead_;  // by tid: so many steps have been made already
  engine::SharedVector<Passing> passing_;      // in this judgement
  std::uint64_t place_ = 0;
  bool decided_ = false;  // somebody has been
};

}  // namespace chicane::strategies
