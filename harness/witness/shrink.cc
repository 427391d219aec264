// SPDX-License-Identifier: Apache-2.0
#include "witness/shrink.h"

#include <algorithm>
#include <set>
#include <utility>

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

class Shrinker {
 public:
  Shrinker(const Choices& initial, const ShrinkTest& test, std::size_t budget)
      : test_(test), budget_(budget), best_(initial), best_cost_(cost_of(initial)) {
    explicit_ = all_positions(initial);
  }

  ShrinkResult shrink() {
    bool better = true;
    while (better && !exhausted()) {
      better = drop_deviations();
      better = drop_threads() || better;
      better = join_stretches() || better;
      better = move_switches() || better;
      better = better || start_over();
    }
    // Whatever the budget was, a switch that is not needed does not stay: each time round there is
    // one less.
    while (const std::optional<Choices> less = one_switch_less(best_, counted_)) best_ = *less;
    return {best_, tests_, true};
  }

 private:
  using Positions = std::vector<std::size_t>;

  bool exhausted() const { return tests_ >= budget_; }

  static Positions all_positions(const Choices& choices) {
    Positions positions(choices.size());
    for (std::size_t i = 0; i < positions.size(); ++i) positions[i] = i;
    return positions;
  }

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

  /// Runs a candidate; true when it is better than the best. What was tried before is not run.
  bool try_candidate(const Choices& candidate) {
    if (exhausted() || !tried_.insert(key_of(candidate)).second) return false;
    ++tests_;
    std::optional<Choices> actual = test_(candidate);
    if (!actual) return false;
    Positions positions;
    for (std::size_t i = 0; i < std::min(candidate.size(), actual->size()); ++i) {
      const bool followed = candidate[i].chosen == (*actual)[i].chosen &&
                            candidate[i].is_outcome == (*actual)[i].is_outcome;
      if (followed) positions.push_back(i);
    }
    const Cost cost = cost_of(*actual);
    const bool better = std::pair(cost, positions.size()) < std::pair(best_cost_, explicit_.size());
    if (!better) return false;
    best_ = *std::move(actual);
    best_cost_ = cost;
    explicit_ = std::move(positions);
    return true;
  }

  /// Delta debugging over the deviations, coarse to fine.
  bool drop_deviations() {
    bool better = try_candidate({});
    better = try_candidate(with_only(sure_deviations(best_))) || better;
    for (std::size_t chunk = std::max<std::size_t>(explicit_.size() / 2, 1);; chunk /= 2) {
      for (std::size_t start = 0; start < explicit_.size() && !exhausted();) {
        const std::size_t stop = std::min(start + chunk, explicit_.size());
        Positions rest(explicit_.begin(), explicit_.begin() + static_cast<std::ptrdiff_t>(start));
        rest.insert(rest.end(), explicit_.begin() + static_cast<std::ptrdiff_t>(stop),
                    explicit_.end());
        if (try_candidate(with_only(rest))) {
          better = true;  // `explicit_` is now another list: the same start is the next chunk
        } else {
          start += chunk;
        }
      }
      if (chunk <= 1) return better;
    }
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
    std::set<std::uint32_t> threads;
    for (const Stretch& stretch : stretches()) threads.insert(stretch.thread);
    bool better = false;
    for (const std::uint32_t thread : threads) {
      Choices candidate = best_;
      std::erase_if(candidate, [thread](const engine::ChoiceRecord& choice) {
        return choice.is_outcome == 0 && choice.chosen == thread;
      });
      better = try_candidate(candidate) || better;
    }
    return better;
  }

  /// Starting over: no schedule with one forced switch may be near to one with two or three. When
  /// the budget allows, every one that deviates once from the best one's unforced course is tried.
  bool start_over() {
    if (best_cost_.forced < 2) return false;
    std::set<std::uint32_t> threads;
    for (const Stretch& stretch : stretches()) threads.insert(stretch.thread);
    for (std::size_t i = 0; i < best_.size(); ++i) {
      for (const std::uint32_t thread : threads) {
        if (thread == kDefaultChoice) continue;
        Choices candidate(i + 1, default_choice());
        candidate[i].chosen = thread;
        if (try_candidate(candidate)) return true;
        if (exhausted()) return false;
      }
    }
    return false;
  }

  /// A switch at another moment: what ran needlessly before it then runs after the defect, which
  /// ends the run.
  bool move_switches() {
    bool better = false;
    for (const std::size_t i : sure_deviations(best_)) {
      if (i >= best_.size() || best_[i].is_outcome != 0) continue;
      constexpr std::size_t kFarthest = 8;
      for (std::size_t distance = std::min(i, kFarthest); distance > 0; --distance) {
        if (exhausted()) return better;
        // Others stay where they are: deviations are positions, not distances.
        Positions others = explicit_;
        std::erase_if(others, [&](std::size_t p) { return p == i || p == i - distance; });
        Choices candidate = with_only(others);
        candidate.resize(std::max(candidate.size(), i - distance + 1), default_choice());
        candidate[i - distance] = best_[i];
        if (!try_candidate(candidate)) continue;
        better = true;
        break;
      }
      if (better) return true;  // the positions are no longer those of the list
    }
    return better;
  }

  const ShrinkTest& test_;
  const ShrinkTest counted_ = [this](const Choices& candidate) {
    ++tests_;
    return test_(candidate);
  };
  std::size_t budget_;
  std::size_t tests_ = 0;
  Choices best_;
  Cost best_cost_;
  Positions explicit_;  // which of the best choices the candidate asked for
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
  // What differs from the default policy, as far as the records say; the rest follows from it.
  Choices deviations(choices.size(), default_choice());
  std::uint32_t running = kDefaultChoice;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const engine::ChoiceRecord& choice = choices[i];
    if (choice.is_outcome != 0 || choice.chosen != running) deviations[i] = choice;
    if (choice.is_outcome == 0) running = choice.chosen;
  }
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

ShrinkResult shrink(const Choices& initial, const ShrinkTest& test, std::size_t budget) {
  return Shrinker(initial, test, budget).shrink();
}

}  // namespace chicane::witness
