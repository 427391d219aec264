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
// k is the most choices that an earlier run of this process had; as long as there is none, each run
// guesses a power of two. Choices with one enabled thread need no change point: there is nothing to
// order there, and leaving them out makes k smaller and the bound better.
//
// The bound is the paper's for programs without spin loops. A thread that spins (spin_detector.h)
// falls below everything, so that what it waits for can happen; each such fall is as one more,
// unplanned, change point.
#include <algorithm>

#include "strategies/random_bits.h"
#include "strategies/spin_detector.h"
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
    spins_.begin_run();
    choices_ = 0;
    floor_ = 0;
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
  void on_event(const engine::Event& event) override {
    if (spins_.on_event(event)) priority(event.thread) = --floor_;
  }
  void end_run(std::uint64_t) override { longest_ = std::max(longest_, choices_); }

 private:
  std::int64_t& priority(engine::ThreadId id) {
    // Initial priorities lie above 2^32; two equal ones (once in 2^31) go by the lower id.
    while (priorities_.size() <= id) {
      priorities_.push_back((std::int64_t{1} << 32) +
                            static_cast<std::int64_t>(bits_.next() >> 33));
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
  SpinDetector spins_;
  engine::SharedVector<std::int64_t> priorities_;
  engine::SharedVector<unsigned> changes_;
  std::size_t next_change_ = 0;
  unsigned choices_ = 0, longest_ = 0;
  std::int64_t floor_ = 0;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_pct(std::uint64_t seed, unsigned depth) {
  return std::make_unique<Pct>(seed, depth);
}

}  // namespace chicane::strategies
