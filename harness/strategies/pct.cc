// SPDX-License-Identifier: Apache-2.0
//
// Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: "A randomized
// scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010). Every thread gets a
// random priority; always the enabled thread of highest priority runs; at d-1 random points the
// thread that would run falls below all others. A bug that needs d ordering constraints is found in
// a run with probability at least
//
//     1 / (n * k^(d-1))        n threads, k choices.
//
// n and k are the most that an earlier run had; as long as there is none, each run guesses a power
// of two. The bound is told for the largest k, so it holds in those runs only that drew by it:
// those since the longest one. Choices with one enabled thread need no change point: there is
// nothing to order there, and leaving them out makes k smaller and the bound better.
//
// The bound is the paper's for programs without spin loops; a thread that spins (fairness.h) is
// left out of some choices, each time as if by one more, unplanned, change point.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "strategies/random_bits.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

class Pct final : public engine::Strategy {
 public:
  Pct(std::uint64_t seed, unsigned depth) : seed_(seed), depth_(depth == 0 ? 1 : depth) {
    priorities_.reserve(64);
  }
  const char* name() const override { return "pct"; }

  bool begin_run(std::uint64_t run) override {
    bits_.seed(seed_ ^ (0x9c7a0000u + depth_), run);
    priorities_.clear();
    choices_ = drawn_ = 0;
    const unsigned k = longest_ != 0 ? longest_ : 1u << (2 + bits_.below(8));
    changes_.clear();
    for (unsigned i = 1; i < depth_; ++i) changes_.push_back(1 + bits_.below(k));
    std::sort(changes_.begin(), changes_.end());
    next_change_ = 0;
    return true;
  }

  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    ++choices_;
    unsigned best = highest(choice);
    while (next_change_ < changes_.size() && changes_[next_change_] <= choices_) {
      // Change point i of d-1 gives priority d-i: below all initial ones, above the next ones'.
      priority(choice.enabled[best]->id()) = depth_ - 1 - static_cast<std::int64_t>(next_change_);
      ++next_change_;
      best = highest(choice);
    }
    return best;
  }
  unsigned pick_outcome(const engine::Operation&, unsigned count) override {
    return bits_.below(count);
  }
  std::uint64_t event_kinds() const override { return 0; }
  void end_run(std::uint64_t) override {
    // Without change points no run is drawn by k.
    held_ = choices_ <= longest_ || depth_ == 1 ? held_ + 1 : 0;
    longest_ = std::max(longest_, choices_);
    threads_ = std::max(threads_, drawn_);
  }
  void describe(engine::StrategyReport* report) const override {
    if (longest_ == 0 || held_ == 0) return;
    report->bound = std::pow(longest_, -static_cast<double>(depth_ - 1)) / threads_;
    std::snprintf(report->guarantee, sizeof report->guarantee,
                  "a bug of depth %u had a probability of at least %.3g in each of %llu schedules: "
                  "1 / (%u threads * %u choices ^ %u), of which none had more",
                  depth_, report->bound, static_cast<unsigned long long>(held_), threads_, longest_,
                  depth_ - 1);
  }

 private:
  static constexpr std::int64_t kUndrawn = 0;

  std::int64_t& priority(engine::ThreadId id) {
    if (id >= priorities_.size()) priorities_.resize(id + 1, kUndrawn);
    if (priorities_[id] == kUndrawn) {
      // Above all that change points give; two equal ones (once in 2^31) go by the lower id.
      priorities_[id] = (std::int64_t{1} << 32) + static_cast<std::int64_t>(bits_.next() >> 33);
      ++drawn_;
    }
    return priorities_[id];
  }
  unsigned highest(const engine::ThreadChoice& choice) {
    unsigned best = 0;
    std::int64_t best_priority = priority(choice.enabled[0]->id());
    for (unsigned i = 1; i < choice.enabled.size(); ++i) {
      const std::int64_t other = priority(choice.enabled[i]->id());
      if (other > best_priority) best = i, best_priority = other;
    }
    return best;
  }

  std::uint64_t seed_;
  unsigned depth_;
  RandomBits bits_;
  engine::SharedVector<std::int64_t> priorities_;
  engine::SharedVector<unsigned> changes_;
  std::size_t next_change_ = 0;
  unsigned choices_ = 0, longest_ = 0;
  std::uint64_t held_ = 0;  // runs that drew by the longest
  // Threads that had a choice: in this run, and in that with most.
  unsigned drawn_ = 0, threads_ = 1;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_pct(std::uint64_t seed, unsigned depth) {
  return std::make_unique<Pct>(seed, depth);
}

}  // namespace chicane::strategies
