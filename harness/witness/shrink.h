// SPDX-License-Identifier: Apache-2.0
//
// Makes a witness short: the same diagnosis with as few forced switches, and then as few choices,
// as can be found within a budget of runs.
//
// A witness is seen as a default policy (go on with the thread that runs; when it cannot, the
// lowest id; outcome 0) and a list of deviations from it: a position and what is chosen there.
// Leaving a deviation out and running the rest always gives a complete schedule, namely that of the
// run itself, which becomes the new witness if the diagnosis is still made. First as many
// deviations as can be are left out (leave_out.h), until each of the switches that remain is seen
// to be needed. Then, as far as the limits go, something better is looked for: a thread that runs
// last, two stretches of one thread joined, a switch that comes earlier, and at last every single
// switch from the default course; of what is found, again as much as can be is left out.
//
// Thread safety: none of its own; `test` is called from the caller's thread.
// Invariants:
//   I1. The result is what some call of `test` returned, or the initial choices.
//   I2. Its cost is never above that of the initial choices.
//   I3. Same choices and same answers of `test`: same result.
//   I4. `test` is called at most `limits.all` times, and never twice with what comes to the same.
//   I5. If `ShrinkResult::minimal`, the result is 1-minimal, and was seen to be: leaving out any
//   one
//       of its forced switches loses the diagnosis, or moves the switch elsewhere. Else the limits
//       were reached before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "engine/finding.h"

namespace chicane::witness {

using Choices = std::vector<engine::ChoiceRecord>;

/// `ChoiceRecord::chosen` of an entry that leaves the choice to the default policy.
inline constexpr std::uint32_t kDefaultChoice = ~std::uint32_t{0};
inline bool is_default(const engine::ChoiceRecord& choice) {
  return choice.chosen == kDefaultChoice;
}

/// Runs the program under a candidate, entry i answering choice i. An entry that is kDefaultChoice
/// or does not fit (its thread is not enabled, an outcome where a thread is asked for) is answered
/// by the default policy, and so is everything behind the end. Returns the choices that were made,
/// with `forced` set, when the run made the same diagnosis; else nothing.
using ShrinkTest = std::function<std::optional<Choices>(const Choices& candidate)>;

/// What is minimized, in this order.
struct Cost {
  std::size_t forced = 0;    // switches away from a thread that could go on
  std::size_t outcomes = 0;  // outcomes other than the first
  std::size_t length = 0;    // choices
  auto operator<=>(const Cost&) const = default;
};
Cost cost_of(const Choices& choices);

struct ShrinkResult {
  Choices choices;
  std::size_t tests = 0;
  /// Whether the result was seen to be 1-minimal (I5).
  bool minimal = false;
};

/// How many tests are made.
struct ShrinkLimits {
  /// After so many nothing better is looked for: what is left is to leave out what is not needed.
  std::size_t search = 400;
  std::size_t all = 10'000;
  /// Asked before each: true ends it all.
  std::function<bool()> stop = {};
};

/// A run of the same diagnosis with fewer forced switches that comes of leaving out one of them;
/// nothing when there is none: `choices` is 1-minimal. Costs one test for each forced switch.
std::optional<Choices> one_switch_less(const Choices& choices, const ShrinkTest& test);

ShrinkResult shrink(const Choices& initial, const ShrinkTest& test,
                    const ShrinkLimits& limits = {});

}  // namespace chicane::witness
