// SPDX-License-Identifier: Apache-2.0
#include "witness/shrink.h"

#include <algorithm>
#include <set>
#include <utility>

#include "witness/leave_out.h"

namespace chicane::witness {
namespace {

engine::ChoiceRecord default_choice() {
  engine::ChoiceRecord choice{};
  choice.chosen = kDefaultChoice;
  choice.alternatives = 1;
  return choice;
}

/// Candidates are known by what they ask for; trailing defaults ask for nothing.
std::vector<std::uint64_t> key_of(const Choices& candidate) {
  std::vector<std::uint64_t> key;
  for (const engine::ChoiceRecord& choice : candidate) {
    key.push_back(std::uint64_t{choice.is_outcome} << 32 | choice.chosen);
  }
  while (!key.empty() && (key.back() & kDefaultChoice) == kDefaultChoice) key.pop_back();
  return key;
}

/// Whether the choice may differ from the default policy, as far as the records say, which do not
/// tell if a thread that follows one that could not go on is the lowest.
bool may_deviate(const engine::ChoiceRecord& choice, std::uint32_t running) {
  return choice.is_outcome != 0 ? choice.chosen != 0 : choice.chosen != running;
}

/// Where they may, in order; the rest of the choices follows from these.
std::vector<std::size_t> deviations_of(const Choices& choices) {
  std::vector<std::size_t> positions;
  std::uint32_t running = kDefaultChoice;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (may_deviate(choices[i], running)) positions.push_back(i);
    if (choices[i].is_outcome == 0) running = choices[i].chosen;
  }
  return positions;
}

class Shrinker {
 public:
  Shrinker(const Choices& initial, const ShrinkTest& test, const ShrinkLimits& limits)
      : test_(test),
        limits_(limits),
        best_(initial),
        best_cost_(cost_of(initial)),
        deviations_(deviations_of(initial)) {}

  ShrinkResult shrink() {
    try_candidate({});
    try_candidate(with_only(sure_deviations(best_)));
    // Whatever makes it better, what may then be left out is left out.
    bool minimal = leave_out(*this);
    while (minimal && !is_enough() &&
           (drop_threads() || join_stretches() || move_switches() || start_over())) {
      minimal = leave_out(*this);
    }
    // What was asked when it was to stop was not answered.
    return {best_, tests_, (minimal && !stopped()) || best_cost_.forced == 0};
  }

  // What leave_out asks for.
  std::size_t size() const { return deviations_.size(); }
  bool done() const { return tests_ >= limits_.all || stopped(); }
  static bool again() { return true; }
  bool worth_trying(std::size_t at) const {
    const engine::ChoiceRecord& choice = best_[deviations_[at]];
    return choice.is_outcome != 0 || choice.forced != 0;
  }
  bool without(std::size_t begin, std::size_t end) {
    Positions rest = deviations_;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(begin),
               rest.begin() + static_cast<std::ptrdiff_t>(end));
    return try_candidate(with_only(rest));
  }

 private:
  using Positions = std::vector<std::size_t>;

  bool stopped() const { return limits_.stop && limits_.stop(); }
  /// No further search for what is better.
  bool is_enough() const { return tests_ >= std::min(limits_.search, limits_.all) || stopped(); }

  /// What surely deviates from the default policy. A thread chosen when the one before could not go
  /// on may do so too, if it was not the lowest: the records do not say.
  static Positions sure_deviations(const Choices& choices) {
    Positions positions;
    for (std::size_t i = 0; i < choices.size(); ++i) {
      const engine::ChoiceRecord& choice = choices[i];
      if (choice.is_outcome != 0 ? choice.chosen != 0 : choice.forced != 0) positions.push_back(i);
    }
    return positions;
  }

  /// The best choices at `positions`, the default policy everywhere else.
  Choices with_only(const Positions& positions) const {
    Choices candidate(positions.empty() ? 0 : positions.back() + 1, default_choice());
    for (const std::size_t i : positions) candidate[i] = best_[i];
    return candidate;
  }

  /// Runs a candidate; true when it is better than the best. What was tried before is not run: it
  /// was no better than the best of then.
  bool try_candidate(const Choices& candidate) {
    if (done() || !tried_.insert(key_of(candidate)).second) return false;
    ++tests_;
    std::optional<Choices> actual = test_(candidate);
    if (!actual) return false;
    const Cost cost = cost_of(*actual);
    if (cost >= best_cost_) return false;
    best_ = *std::move(actual);
    best_cost_ = cost;
    deviations_ = deviations_of(best_);
    return true;
  }

  /// A stretch: choices [begin, end) that let one thread run, outcomes included.
  struct Stretch {
    std::size_t begin, end;
    std::uint32_t thread;
  };
  std::vector<Stretch> stretches() const {
    std::vector<Stretch> result;
    for (std::size_t i = 0; i < best_.size(); ++i) {
      const bool same =
          !result.empty() && (best_[i].is_outcome != 0 || best_[i].chosen == result.back().thread);
      if (same) {
        result.back().end = i + 1;
      } else {
        result.push_back({i, i + 1, best_[i].is_outcome != 0 ? kDefaultChoice : best_[i].chosen});
      }
    }
    return result;
  }

  /// The best choices with those of [middle, end) before those of [begin, middle).
  Choices rotated(std::size_t begin, std::size_t middle, std::size_t end) const {
    Choices candidate = best_;
    const auto at = [&candidate](std::size_t i) {
      return candidate.begin() + static_cast<std::ptrdiff_t>(i);
    };
    std::rotate(at(begin), at(middle), at(end));
    return candidate;
  }

  /// A forced switch leaves a thread that goes on later: join its two stretches, at the place of
  /// the first or at that of the second.
  bool join_stretches() {
    const std::vector<Stretch> all = stretches();
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
      if (is_enough()) return false;
      if (best_[all[i + 1].begin].forced == 0) continue;
      for (std::size_t k = i + 2; k < all.size(); ++k) {
        if (all[k].thread != all[i].thread) continue;
        if (try_candidate(rotated(all[i].end, all[k].begin, all[k].end)) ||
            try_candidate(rotated(all[i].begin, all[i].end, all[k].begin))) {
          return true;  // the stretches are others now
        }
        break;
      }
    }
    return false;
  }

  /// A thread that has nothing to do with it runs last: all its choices are taken out.
  bool drop_threads() {
    bool better = false;
    for (const std::uint32_t thread : threads()) {
      Choices candidate = best_;
      std::erase_if(candidate, [thread](const engine::ChoiceRecord& choice) {
        return choice.is_outcome == 0 && choice.chosen == thread;
      });
      better = try_candidate(candidate) || better;
    }
    return better;
  }
  std::set<std::uint32_t> threads() const {
    std::set<std::uint32_t> threads;
    for (const engine::ChoiceRecord& choice : best_) {
      if (choice.is_outcome == 0) threads.insert(choice.chosen);
    }
    return threads;
  }

  /// Starting over: no schedule with one forced switch may be near to one with two or three. When
  /// the budget allows, every one that deviates once from the best one's unforced course is tried.
  bool start_over() {
    if (best_cost_.forced < 2) return false;
    const std::set<std::uint32_t> all = threads();
    for (std::size_t i = 0; i < best_.size(); ++i) {
      for (const std::uint32_t thread : all) {
        if (is_enough()) return false;
        Choices candidate(i + 1, default_choice());
        candidate[i].chosen = thread;
        if (try_candidate(candidate)) return true;
      }
    }
    return false;
  }

  /// A switch at another moment: what ran needlessly before it then runs after the defect, which
  /// ends the run.
  bool move_switches() {
    for (const std::size_t i : sure_deviations(best_)) {
      if (best_[i].is_outcome != 0) continue;
      constexpr std::size_t kFarthest = 8;
      for (std::size_t distance = std::min(i, kFarthest); distance > 0; --distance) {
        if (is_enough()) return false;
        // Others stay where they are: deviations are positions, not distances.
        Positions others = deviations_;
        std::erase_if(others, [&](std::size_t p) { return p == i || p == i - distance; });
        Choices candidate = with_only(others);
        candidate.resize(std::max(candidate.size(), i - distance + 1), default_choice());
        candidate[i - distance] = best_[i];
        if (try_candidate(candidate)) return true;
      }
    }
    return false;
  }

  const ShrinkTest& test_;
  const ShrinkLimits& limits_;
  std::size_t tests_ = 0;
  Choices best_;
  Cost best_cost_;
  Positions deviations_;  // of the best
  std::set<std::vector<std::uint64_t>> tried_;
};

}  // namespace

Cost cost_of(const Choices& choices) {
  Cost cost;
  for (const engine::ChoiceRecord& choice : choices) {
    if (choice.is_outcome != 0) {
      cost.outcomes += choice.chosen != 0 ? 1 : 0;
    } else {
      cost.forced += choice.forced != 0 ? 1 : 0;
    }
  }
  cost.length = choices.size();
  return cost;
}

std::optional<Choices> one_switch_less(const Choices& choices, const ShrinkTest& test) {
  Choices deviations(choices.size(), default_choice());
  for (const std::size_t i : deviations_of(choices)) deviations[i] = choices[i];
  const std::size_t forced = cost_of(choices).forced;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (choices[i].is_outcome != 0 || choices[i].forced == 0) continue;
    Choices candidate = deviations;
    candidate[i] = default_choice();
    std::optional<Choices> actual = test(candidate);
    if (actual && cost_of(*actual).forced < forced) return actual;
  }
  return std::nullopt;
}

ShrinkResult shrink(const Choices& initial, const ShrinkTest& test, const ShrinkLimits& limits) {
  return Shrinker(initial, test, limits).shrink();
}

}  // namespace chicane::witness
