// SPDX-License-Identifier: Apache-2.0
//
// The default strategy: no single one finds everything soon, so runs alternate. Run 0 is
// round-robin; then, over and over for depth 1 to d: random walk, PCT of that depth, few
// preemptions. Which one serves a run depends on its number alone. And the table of names.
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

class Portfolio final : public engine::Strategy {
 public:
  Portfolio(std::uint64_t seed, unsigned depth)
      : first_(make_round_robin(seed)),
        random_(make_random(seed)),
        preempting_(make_few_preemptions(seed)),
        active_(first_.get()) {
    for (unsigned d = 1; d <= (depth == 0 ? 1 : depth); ++d) {
      pct_.push_back(make_pct(seed, d));
      cycle_.push_back(random_.get());
      cycle_.push_back(pct_.back().get());
      cycle_.push_back(preempting_.get());
    }
  }
  const char* name() const override { return "portfolio"; }
  bool begin_run(std::uint64_t run) override {
    active_ = run == 0 ? first_.get() : cycle_[(run - 1) % cycle_.size()];
    return active_->begin_run(run);
  }
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    return active_->pick_thread(choice);
  }
  unsigned pick_outcome(const engine::Operation& operation, unsigned count) override {
    return active_->pick_outcome(operation, count);
  }
  bool wants_events() const override { return active_->wants_events(); }
  void on_event(const engine::Event& event) override { active_->on_event(event); }
  void end_run(std::uint64_t steps) override { active_->end_run(steps); }

 private:
  std::unique_ptr<engine::Strategy> first_, random_, preempting_;
  std::vector<std::unique_ptr<engine::Strategy>> pct_;
  std::vector<engine::Strategy*> cycle_;
  engine::Strategy* active_;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_portfolio(std::uint64_t seed, unsigned depth) {
  return std::make_unique<Portfolio>(seed, depth);
}

std::unique_ptr<engine::Strategy> make_strategy(const std::string& name, std::uint64_t seed,
                                                unsigned pct_depth, std::string* error) {
  if (name == "portfolio") return make_portfolio(seed, pct_depth);
  if (name == "random") return make_random(seed);
  if (name == "pct") return make_pct(seed, pct_depth);
  if (name == "few-preemptions") return make_few_preemptions(seed);
  if (name == "round-robin") return make_round_robin(seed);
  if (error != nullptr) {
    *error = "unknown strategy '" + name +
             "': use portfolio, random, pct, few-preemptions or round-robin";
  }
  return nullptr;
}

}  // namespace chicane::strategies
