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
// Where locks are barging ones, every eighth run makes one thread a latecomer (latecomer.cc).
//
// Every fourth run or more belongs to a search through all there is: of a small program (its own
// estimate tells) to partial order reduction (dpor.h), which comes to its end before the budget
// does; nothing is left to be found then, which is a proof, and the portfolio ends. Of others it is
// the schedules of fewest preemptions first. A run that will not end, or memory that grows and
// grows, is no small program's: the reduction is given up then.
#include <array>

#include "strategies/dpor.h"
#include "strategies/parts.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

class Portfolio final : public engine::Strategy, public Searching {
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
    add(make_dpor(with.shard, with.shards));
    add(make_latecomer(with.seed));
  }
  const char* name() const override { return "portfolio"; }

  void use_racy_sites(std::size_t count) override {
    for (const Member& member : members_) member.strategy->use_racy_sites(count);
    all_done_ = false;
    if (count != racy_sites_) reduced_done_ = false;
    racy_sites_ = count;
  }
  bool begin_run(std::uint64_t run) override {
    run_ = run;
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
    // The exhaustive search has come to its end. With a proof there is nothing left to be found;
    // else the rest of the budget is the samplers'.
    (active_ == kReduced ? reduced_done_ : all_done_) = true;
    if (active_ == kReduced && reduced() && !reduction().spins()->any()) return false;
    active_ = kRandom;
    return strategy().begin_run(run);
  }
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    if (active_ == kReduced && choice.step > kLongest) give_up();
    if (active_ != kReduced && choice.enabled.size() == 1) return 0;
    return strategy().pick_thread(choice);
  }
  unsigned pick_outcome(const engine::Operation& operation, unsigned count) override {
    if (active_ == kReduced && operation.kind == engine::OpKind::kCondWake) {
      // Whether to wake without a signal: some runs ask, others do not. Without end, if it may.
      asked_ = true;
      return 0;
    }
    return strategy().pick_outcome(operation, count);
  }
  bool wants_every_step() const override { return active_ == kReduced; }
  bool wants_memory() const override { return active_ == kReduced; }
  void on_allocate(engine::ThreadId thread, const void* start, std::size_t size) override {
    if (active_ == kReduced) strategy().on_allocate(thread, start, size);
  }
  void on_event(const engine::Event& event) override {
    barging_ |=
        event.kind == engine::OpKind::kLock && event.outcome == engine::Outcome::kWouldBlock;
    for (const Index learner : kLearners) {
      if (learns_ && learner != active_) members_[learner].strategy->on_event(event);
    }
    if (strategy().wants(event)) strategy().on_event(event);
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
  Bounds bounds() const override { return as_searching(*members_[kAll].strategy)->bounds(); }
  bool reduced() const override {
    engine::SearchStatistics statistics;
    return this->statistics(&statistics) && reduction().ended() && !statistics.incomplete;
  }
  /// Of the reduction. What it guesses of its size in its few runs is for `choose` only: nothing
  /// has measured how wrong that is.
  bool statistics(engine::SearchStatistics* to) const override {
    if (given_up_ || !reduction().statistics(to)) return false;
    to->incomplete = to->incomplete || asked_;
    if (!reduction().ended()) to->estimate = to->estimate_error = 0;
    return true;
  }
  void describe(engine::StrategyReport* report) const override {
    members_[kAll].strategy->describe(report);
    if (!reduced()) return;
    report_proof(false, report);
    reduction().spins()->add_exception(report);
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
    kAll,
    kReduced,
    kLatecomer
  };
  struct Member {
    std::unique_ptr<engine::Strategy> strategy;
    std::uint64_t news = 0;  // lately, in new pairs
  };
  static constexpr std::array<Index, 16> kOpening = {
      kRoundRobin, kDirected, kDirected, kPos,  kDirected, kFew, kDirected, kPct2,
      kDirected,   kUrw,      kDirected, kSurw, kDirected, kPct, kDirected, kRandom};

  // A run of the reduction is longer than a small program's when it has so many steps...
  static constexpr std::uint64_t kLongest = 1000;
  // ...and a program is not small that has so many behaviours, as far as these runs tell; it is
  // very small when so few are left.
  static constexpr double kMany = 20000, kNear = 1000;
  static constexpr std::uint64_t kTelling = 16;
  static constexpr std::size_t kMostSteps = 1 << 16;  // still to be tried, in memory
  static constexpr std::array<Index, 2> kLearners = {kUrw, kSurw};

  void add(std::unique_ptr<engine::Strategy> strategy) {
    members_.push_back({std::move(strategy)});
  }
  engine::Strategy& strategy() const { return *members_[active_].strategy; }
  const Dpor& reduction() const { return static_cast<const Dpor&>(*members_[kReduced].strategy); }

  /// The reduction's run goes on without it.
  void give_up() {
    given_up_ = true;
    members_[kReduced].strategy = make_dpor(0, 1);  // frees what the other had
    active_ = kRandom;
    strategy().begin_run(run_);
  }

  /// Whether this run is to be the reduction's: every fourth, and every second when its end is
  /// near.
  bool reduces() const {
    if (given_up_ || reduced_done_ || turn_ % 2 != 0) return false;
    engine::SearchStatistics so_far;
    members_[kReduced].strategy->statistics(&so_far);
    const std::uint64_t runs = so_far.executions + so_far.blocked;
    if (runs < kTelling) return turn_ % 8 == 2 || (turn_ % 4 == 2 && all_done_);
    const double left = so_far.estimate - static_cast<double>(so_far.executions);
    return left < kNear || (turn_ % 4 == 2 && left < kMany);
  }

  std::size_t choose(std::uint64_t run) {
    if (run < kOpening.size()) return kOpening[run];
    if (!given_up_ && reduction().wakeup_steps() > kMostSteps) give_up();
    if (barging_ && turn_ % 8 == 5) return kLatecomer;
    if (reduces()) return kReduced;
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
  std::uint64_t run_ = 0;
  std::size_t racy_sites_ = 0;
  bool learns_ = false, all_done_ = false;
  bool reduced_done_ = false, given_up_ = false, asked_ = false;  // of the reduction
  bool barging_ = false;  // a lock was seen that who waits for has to come by
};

}  // namespace

std::unique_ptr<engine::Strategy> make_portfolio(const Parameters& with, const Coverage& coverage) {
  return std::make_unique<Portfolio>(with, coverage);
}

}  // namespace chicane::strategies
