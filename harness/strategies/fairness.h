// SPDX-License-Identifier: Apache-2.0
//
// Keeps threads that only wait actively from trapping a strategy: `while (!done) yield();` under a
// priority scheduler would run to the step limit. A thread that yields once more at a place while
// nothing has changed since, sleeps again and again, fails the same try-lock or compare-exchange,
// reads the same value at the same place, or goes round a loop while nobody else moves, *rests*: it
// is left out of the choices until
//
//   - another thread changes the object that it polls, or
//   - the others have had 1, 2, 4, ... events since (doubled each time it comes back to spin), or
//   - nobody else can go on.
//
// It rests only when it holds no lock, unless it comes round again without letting go.
//
// So whoever spins sees everything that it could see, and whoever could make progress gets to. The
// idea that a yield lowers a thread below those it holds up is from Musuvathi and Qadeer: "Fair
// stateless model checking", PLDI 2008; counting repetitions in place of asking for yields is ours.
//
// Thread safety: engine context.
// Invariants:
//   I1. A thread rests for at most 2^kMostRest events of others; nobody rests when all would.
//   I2. A run without spinning is not touched: `rested()` stays 0.
// Cost: a few ns per event; allocates only for a new highest thread id.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/engine.h"
#include "strategies/dependence.h"

namespace chicane::strategies {

class Fairness {
 public:
  void begin_run();
  /// Notes an event.
  void on_event(const engine::Event& event) {
    ++events_;
    if (!resting_.empty() || !is_of_lives(event)) note(event);
  }
  /// Whether somebody rests, so that `filter` has something to leave out.
  bool anybody_rests() const { return !resting_.empty(); }
  /// The threads of `choice` that do not rest; when none is left, all of them, or the one that has
  /// rested longest. What it returns is
  /// valid until the next call; `indices()[i]` says where its i-th thread stands in `choice`.
  engine::ThreadChoice filter(const engine::ThreadChoice& choice);
  const engine::SharedVector<unsigned>& indices() const { return indices_; }
  /// How often a thread was made to rest in this run.
  std::uint64_t rested() const { return rested_; }

 private:
  /// Failed attempts at one place before a thread rests...
  static constexpr unsigned kFailureLimit = 3;
  /// ...readings of one value at one place...
  static constexpr unsigned kPollLimit = 12;
  /// ...and events at places where it has been already, with no other thread's event between (half
  /// as many each time it comes back).
  static constexpr unsigned kAloneLimit = 256;
  static constexpr unsigned kMostRest = 12;
  /// Rests of each of them after which threads that all rest are woken one by one.
  static constexpr unsigned kInStep = 4;

  struct State {
    const void* site = nullptr;    // of the last failure or reading
    const void* object = nullptr;  // what it tried or read
    std::uint64_t value = 0;
    unsigned count = 0;
    const void* sleep_site = nullptr;  // what it polls between two sleeps has a place of its own
    unsigned sleeps = 0;
    const void* yield_site = nullptr;
    std::uint64_t yielded_at = 0;   // in events of the run; 0: nowhere, or it got further since
    const void* made_at = nullptr;  // where it last changed something itself,
    std::uint64_t made_value = 0;   // and to what
    unsigned alone = 0;
    unsigned rests = 0;          // since it last came to a new place
    std::uint64_t places = 0;    // a Bloom filter of the sites since then
    std::uint64_t wakes_at = 0;  // in events of the run
    unsigned locks = 0;          // in its hands
    bool due = false;            // it is to rest as soon as it has let go of them
    bool resting = false;
  };

  void note(const engine::Event& event);
  static bool failed(const engine::Event& event);
  static bool polls(const engine::Event& event);
  static bool changes(const engine::Event& event);
  void note_change(State& state, const engine::Event& event);
  bool yields_in_vain(State& state, const engine::Event& event) const;
  bool spins(State& state, const engine::Event& event);
  static void count_locks(State& state, engine::OpKind kind);
  void rest(engine::ThreadId id);
  void wake(std::size_t position);
  void wake_some(const engine::ThreadChoice& choice, engine::ThreadChoice* awake);
  void wake_those_due(const engine::Event& event);

  engine::SharedVector<State> threads_;
  engine::SharedVector<engine::ThreadId> resting_;
  engine::SharedVector<engine::Thread*> kept_;
  engine::SharedVector<unsigned> indices_;
  engine::ThreadId last_thread_ = 0;
  std::uint64_t events_ = 0, rested_ = 0;
  // When somebody last changed an object, who that was, and when somebody else last did.
  std::uint64_t changed_at_ = 0, changed_by_other_at_ = 0;
  engine::ThreadId changed_by_ = engine::kNoThread;
};

}  // namespace chicane::strategies
