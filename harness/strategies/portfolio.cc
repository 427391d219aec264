// SPDX-License-Identifier: Apache-2.0
//
// The default strategy: no single one finds everything soon.
//
// The first run is round-robin, which also shows which operations conflict; the next ones are those
// that find most bugs soonest: half of them reverse the conflicts seen (directed.cc), the others
// sample (partial orders, priorities, uniform walks). After this opening every second run is the
// next strategy's in turn, and the others go to where new behaviour is still found: to the strategy
// whose last runs had the most new pairs of conflicting operations (coverage.h).
//
// Every fourth run belongs to an exhaustive search, the schedules of fewest preemptions first. A
// small program is at its end before the budget is, and nothing is left to be found: that is a
// proof.
#include <array>

#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

class Portfolio final : public engine::Strategy {
 public:
  Portfolio(const Parameters& with, const Coverage& coverage) : coverage_(coverage) {
    add(make_round_robin(with.seed));
    add(make_directed(with.seed, coverage));
    add(make_pos(with.seed));
    add(make_pct(with.seed, with.depth < 2 ? with.depth : 2));
    add(make_urw(with.seed));
    add(make_surw(with.seed, coverage));
    add(make_pct(with.seed, with.depth));
    add(make_few_preemptions(with.seed));
    add(make_random(with.seed));
    // To the end: no bound but memory.
    Parameters all = with;
    all.bound = ~0u;
    add(make_preemption(all));
  }
  const char* name() const override { return "portfolio"; }

  void use_racy_sites(std::size_t count) override {
    for (const Member& member : members_) member.strategy->use_racy_sites(count);
    all_done_ = false;
  }
  bool begin_run(std::uint64_t run) override {
    active_ = choose(run);
    ++turn_;
    // Without a conflict to reverse, orders of what may conflict.
    if (active_ == kDirected && coverage_.classes().empty()) active_ = kPos;
    // The uniform walks weigh by the runs before: while there are few, they learn from all.
    learns_ = run < kOpening.size();
    for (const Index learner : kLearners) {
      if (learns_ && learner != active_) members_[learner].strategy->begin_run(run);
    }
    if (strategy().begin_run(run)) return true;
    // The exhaustive search has come to its end; the rest of the budget is the samplers'.
    all_done_ = true;
    active_ = kRandom;
    return strategy().begin_run(run);
  }
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    return strategy().pick_thread(choice);
  }
  unsigned pick_outcome(const engine::Operation& operation, unsigned count) override {
    return strategy().pick_outcome(operation, count);
  }
  void on_event(const engine::Event& event) override {
    for (const Index learner : kLearners) {
      if (learns_ && learner != active_) members_[learner].strategy->on_event(event);
    }
    if (strategy().wants_events()) strategy().on_event(event);
  }
  void end_run(std::uint64_t steps) override {
    for (const Index learner : kLearners) {
      if (learns_ && learner != active_) members_[learner].strategy->end_run(steps);
    }
    strategy().end_run(steps);
    Member& member = members_[active_];
    const std::uint64_t news = 16 * coverage_.new_pairs() + (coverage_.is_new_behaviour() ? 1 : 0);
    member.news = (3 * member.news + 16 * news) / 4;
  }
  void describe(engine::StrategyReport* report) const override {
    members_[kAll].strategy->describe(report);
  }

 private:
  enum Index : std::uint8_t {
    kRoundRobin,
    kDirected,
    kPos,
    kPct2,
    kUrw,
    kSurw,
    kPct,
    kFew,
    kRandom,
    kAll
  };
  struct Member {
    std::unique_ptr<engine::Strategy> strategy;
    std::uint64_t news = 0;  // lately, in new pairs
  };
  static constexpr std::array<Index, 16> kOpening = {
      kRoundRobin, kDirected, kDirected, kPos,  kDirected, kFew, kDirected, kPct2,
      kDirected,   kUrw,      kDirected, kSurw, kDirected, kPct, kDirected, kRandom};

  static constexpr std::array<Index, 2> kLearners = {kUrw, kSurw};

  void add(std::unique_ptr<engine::Strategy> strategy) {
    members_.push_back({std::move(strategy)});
  }
  engine::Strategy& strategy() const { return *members_[active_].strategy; }

  std::size_t choose(std::uint64_t run) const {
    if (run < kOpening.size()) return kOpening[run];
    if (turn_ % 4 == 2 && !all_done_) return kAll;
    // Round-robin has no chance in it: once is enough.
    const std::size_t in_turn = 1 + turn_ / 4 % (kAll - 1);
    if (turn_ % 2 == 0) return in_turn;
    std::size_t best = in_turn;
    for (std::size_t i = 1; i < kAll; ++i) {
      if (members_[i].news > members_[best].news) best = i;
    }
    return best;
  }

  const Coverage& coverage_;
  engine::SharedVector<Member> members_;
  std::size_t active_ = 0;
  std::uint64_t turn_ = 0;  // its own runs: others may have other numbers
  bool learns_ = false, all_done_ = false;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_portfolio(const Parameters& with, const Coverage& coverage) {
  return std::make_unique<Portfolio>(with, coverage);
}

}  // namespace chicane::strategies
