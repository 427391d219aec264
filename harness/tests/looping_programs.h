// SPDX-License-Identifier: Apache-2.0
//
// What random programs have in common whose threads wait in loops: their threads do what was drawn
// for them, main does what they may wait for, and the run reports what all have seen. With a bound
// of rounds a loop is given up; then the run says that it was.
//
// Thread safety: a program's threads are its own.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

#include "strategies/mix.h"
#include "tests/exhaust.h"

namespace chicane::tests {

/// The state of a run in which somebody has given up.
inline constexpr std::uint64_t kAbandoned = 1;

/// Numbers that follow from a seed.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : state_(seed << 32) {}
  std::uint64_t operator()(std::uint64_t below) { return strategies::mix(state_++) % below; }

 private:
  std::uint64_t state_;
};

/// A loop of a thread. `Shared` has a `bool abandoned`.
template <typename Shared>
struct BoundedLoop {
  Shared* shared;
  int most_rounds;  // 0: no bound
  int rounds = 0;
  bool give_up() {
    if (most_rounds == 0 || ++rounds <= most_rounds) return false;
    return shared->abandoned = true;
  }
};

/// Runs a thread for each of `threads`: `perform(loop, action)` for its actions tells what it saw,
/// a digit. Meanwhile `go_on(shared)` is done.
template <typename Shared, typename Action, typename Perform, typename GoOn>
void run_loops(const std::vector<std::vector<Action>>& actions, int most_rounds,
               const Perform& perform, const GoOn& go_on) {
  Shared shared;
  std::vector<std::thread> threads;
  std::vector<std::uint64_t> seen(actions.size(), 1);
  for (std::size_t i = 0; i < actions.size(); ++i) {
    threads.emplace_back([&, i] {
      for (const Action& action : actions[i]) {
        seen[i] = 10 * seen[i] + perform(BoundedLoop<Shared>{&shared, most_rounds}, action);
      }
    });
  }
  go_on(shared);
  std::uint64_t state = 0;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    threads[i].join();
    state = 100'000 * state + seen[i];
  }
  report_state(shared.abandoned ? kAbandoned : state);
}

/// What a variable of the environment says, for soaks.
inline std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace chicane::tests
