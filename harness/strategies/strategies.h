// SPDX-License-Identifier: Apache-2.0
//
// The strategies: what answers an exploration's choices. Each is one file and knows only choices,
// threads' announced operations and events.
//
//   random       every enabled thread is equally likely, at every choice
//   pct          random priorities and few change points: finds a bug of depth d with probability
//                at least 1 / (n * k^(d-1)), n threads, k choices
//   few-preemptions  stays with the running thread but for a few random points
//   round-robin  changes thread at every choice, no chance in it
//   portfolio    the default: alternates between all of these by run number
//   replay       the choices of a schedule
//   follow       the same as far as they fit, for shrinking
//   steer        holds threads back so that a predicted lock cycle closes
//
// Thread safety: engine context only, as engine::Strategy.
// Invariants:
//   I1. A run's answers are a function of (seed, run number, the process's earlier runs), and of
//       the choices offered.
//   I2. No strategy starves a thread for ever: a thread that spins (yields, sleeps, fails the same
//       try-lock or compare-exchange, polls the same place) gives way to the others.
// Cost: random about 3 ns per choice, pct a few ns per enabled thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace chicane::strategies {

std::unique_ptr<engine::Strategy> make_random(std::uint64_t seed);
/// `depth` (at least 1) is the number of ordering constraints of the bugs it is after.
std::unique_ptr<engine::Strategy> make_pct(std::uint64_t seed, unsigned depth);
std::unique_ptr<engine::Strategy> make_few_preemptions(std::uint64_t seed);
std::unique_ptr<engine::Strategy> make_round_robin(std::uint64_t seed);
/// `depth`: the highest depth of its PCT runs.
std::unique_ptr<engine::Strategy> make_portfolio(std::uint64_t seed, unsigned depth);

/// The strategy of that name (the first five above); null, and `*error` says which names there are,
/// when there is none.
std::unique_ptr<engine::Strategy> make_strategy(const std::string& name, std::uint64_t seed,
                                                unsigned pct_depth, std::string* error);

/// How a replayed schedule fitted the program.
struct ReplayStatus {
  bool diverged = false;
  /// Index of the first choice that did not fit, and the run's step there (0: at an outcome).
  std::size_t position = 0;
  std::uint64_t step = 0;
  engine::ChoiceRecord expected{};
  /// In words: "choice 7: expected thread 2 at lock; thread 2 is not enabled".
  std::string message;
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

  /// Of the last run.
  const ReplayStatus& status() const { return status_; }
  /// How many of the choices the last run has used.
  std::size_t used() const { return next_; }

 private:
  void diverge(std::uint64_t step, std::string found);
  std::vector<engine::ChoiceRecord> choices_;
  std::size_t next_ = 0;
  ReplayStatus status_;
};

/// Follows a list of choices as far as it fits; where it does not, goes on by the default policy
/// (the running thread, else the lowest id; outcome 0) and with the next entry.
std::unique_ptr<engine::Strategy> make_follow(std::vector<engine::ChoiceRecord> choices);

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

}  // namespace chicane::strategies
