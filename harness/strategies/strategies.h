// SPDX-License-Identifier: Apache-2.0
//
// The strategies: what answers an exploration's choices. Each is one file and knows only choices,
// threads' announced operations and events.
//
//   random       every enabled thread is equally likely, at every choice
//   pct          random priorities and few change points: finds a bug of depth d with probability
//                at least 1 / (n * k^(d-1)), n threads, k choices
//   pos          random priorities of operations: each order of a conflict is as likely
//   urw          every interleaving is equally likely
//   surw         every order of a few interesting operations is equally likely
//   delay, preemption  all schedules that deviate little from one without a choice, 0, 1, 2, ...
//   portfolio    the default: what finds most soonest, then where new behaviour is found
// Parts of the portfolio, and for tests:
//   directed     holds threads back where earlier runs had a conflict, to reverse it
//   few-preemptions  stays with the running thread but for a few random points
//   round-robin  changes thread at every choice, no chance in it
//   latecomer    one thread always finds its lock taken
// Exhaustive:
//   dfs          every interleaving, one after the other
//   dpor         every behaviour once (optimal dynamic partial order reduction)
// For replay, shrinking and confirmation:
//   replay       the choices of a schedule
//   follow       the same as far as they fit
//   follow-course  a run's stretches as far as they fit, by operations of each thread
//   steer        holds threads back so that a predicted lock cycle closes
//
// Thread safety: engine context only, as engine::Strategy.
// Invariants:
//   I1. A run's answers are a function of (seed, run number, the exploration's earlier runs), and
//       of the choices offered.
//   I2. No strategy that make_strategy makes starves a thread for ever: fairness.h.
// Cost: random about 3 ns per choice, the others some ns per enabled thread; counting behaviours
// about 10 ns per event.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/course.h"
#include "engine/engine.h"
#include "engine/journal.h"
#include "strategies/coverage.h"

namespace chicane::strategies {

/// What can be set of strategies.
struct Parameters {
  std::uint64_t seed = 1;
  /// PCT and the portfolio: how many ordering constraints the bugs looked for have, at least 1.
  unsigned depth = 3;
  /// Delay and preemption bounding: the highest bound.
  unsigned bound = 1000;
  /// Strategies that do not sample: only this part (from 0) of so many.
  unsigned shard = 0, shards = 1;
  /// Operations in a run after which a fair schedule takes over, and no strategy is asked.
  std::uint64_t step_limit = 20000;
};

/// The strategy of that name, with what all samplers share (fairness, counting); null, and `*error`
/// says which names there are, when there is none.
std::unique_ptr<engine::Strategy> make_strategy(const std::string& name, const Parameters& with,
                                                std::string* error);

// The bare strategies. `coverage` is what the runs so far have seen: whoever makes them keeps it.
std::unique_ptr<engine::Strategy> make_random(std::uint64_t seed);
std::unique_ptr<engine::Strategy> make_pct(std::uint64_t seed, unsigned depth);
std::unique_ptr<engine::Strategy> make_pos(std::uint64_t seed);
std::unique_ptr<engine::Strategy> make_urw(std::uint64_t seed);
std::unique_ptr<engine::Strategy> make_surw(std::uint64_t seed, const Coverage& coverage);
std::unique_ptr<engine::Strategy> make_delay(const Parameters& with);
std::unique_ptr<engine::Strategy> make_preemption(const Parameters& with);
std::unique_ptr<engine::Strategy> make_directed(std::uint64_t seed, const Coverage& coverage);
std::unique_ptr<engine::Strategy> make_few_preemptions(std::uint64_t seed);
std::unique_ptr<engine::Strategy> make_round_robin(std::uint64_t seed);
std::unique_ptr<engine::Strategy> make_latecomer(std::uint64_t seed);
std::unique_ptr<engine::Strategy> make_portfolio(const Parameters& with, const Coverage& coverage);
/// `sampler`, kept fair and with its runs counted in `coverage`.
std::unique_ptr<engine::Strategy> make_sampling(std::unique_ptr<Coverage> coverage,
                                                std::unique_ptr<engine::Strategy> sampler,
                                                std::uint64_t step_limit = 20000);

/// `search`, which takes threads that spin last where it has the choice.
std::unique_ptr<engine::Strategy> make_fair_order(std::unique_ptr<engine::Strategy> search);

/// How a replayed schedule fitted the program.
struct ReplayStatus {
  bool diverged = false;
  /// Index of the first choice that did not fit, and the run's step there (0: at an outcome).
  std::size_t position = 0;
  std::uint64_t step = 0;
  engine::ChoiceRecord expected{};
  /// What is there, in words: "thread 2 before lock", and where that operation is called, or null.
  std::string found;
  const void* site = nullptr;
};

/// Answers from a list of choices. Where the list does not fit, it notes the first misfit and from
/// then on takes the first alternative. After the list's end it stays with the running thread, else
/// takes the lowest id, and outcome 0.
class Replay final : public engine::Strategy {
 public:
  explicit Replay(std::vector<engine::ChoiceRecord> choices) : choices_(std::move(choices)) {}
  const char* name() const override { return "replay"; }
  bool begin_run(std::uint64_t run) override;
  unsigned pick_thread(const engine::ThreadChoice& choice) override;
  unsigned pick_outcome(const engine::Operation& operation, unsigned count) override;
  /// A run that ended well before its schedule did not fit either.
  void end_run(std::uint64_t steps) override;

  /// Of the last run.
  const ReplayStatus& status() const { return status_; }
  /// How many of the choices the last run has used.
  std::size_t used() const { return next_; }

 private:
  void diverge(std::uint64_t step, std::string found, const void* site = nullptr);
  std::vector<engine::ChoiceRecord> choices_;
  std::size_t next_ = 0;
  ReplayStatus status_;
};

/// Follows a list of choices as far as it fits; where it does not, goes on by the default policy
/// (the running thread, else the lowest id; outcome 0) and with the next entry.
std::unique_ptr<engine::Strategy> make_follow(std::vector<engine::ChoiceRecord> choices);
/// Follows a course, of which parts may have been left out.
std::unique_ptr<engine::Strategy> make_follow_course(engine::Course course);
/// `inner`, with the course of its last run written to `*log`.
std::unique_ptr<engine::Strategy> make_logged(std::unique_ptr<engine::Strategy> inner,
                                              engine::CourseLog* log);

/// One participant of a predicted lock cycle: who holds `held` (null: whoever) and wants `wanted`.
struct SteerRole {
  const void* held = nullptr;
  const void* held_site = nullptr;
  const void* wanted = nullptr;
  const void* wanted_site = nullptr;
  /// When `held` is `wanted`, a lock that is read twice: who writes between.
  engine::ThreadId writer = engine::kNoThread;
};

/// Whether a thread that holds `held` and has announced `pending` stands at the wanted acquisition
/// of `role`: by the locks' addresses, or, as addresses may differ from run to run, by both sites
/// (when these differ: a guard's constructor is the site of all its locks).
bool at_wanted_acquisition(const SteerRole& role, const engine::Operation& pending,
                           std::span<const engine::HeldLock> held);

/// Random walk that holds back a thread at its role's wanted acquisition as long as others can go
/// on (with bounded patience, which differs from run to run).
std::unique_ptr<engine::Strategy> make_steer(std::uint64_t seed, std::vector<SteerRole> roles);

/// Random walk that brings the two threads of a predicted race to their accesses at one time. These
/// must be operations (Engine::set_racy_sites).
std::unique_ptr<engine::Strategy> make_steer_race(std::uint64_t seed,
                                                  const engine::PredictedRace& race);

}  // namespace chicane::strategies
