// SPDX-License-Identifier: Apache-2.0
//
// Exhaustive searches among threads that spin (fairness.h): a thread that rests comes last in what
// is offered, and does not count as the running one. Where the search has no reason for another
// choice it takes one of the first, so that no run is trapped in a spin. Nothing is left out: what
// it proves is as true as without.
#include <algorithm>

#include "strategies/fairness.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

class FairOrder final : public engine::Strategy {
 public:
  explicit FairOrder(std::unique_ptr<engine::Strategy> search) : search_(std::move(search)) {}
  const char* name() const override { return search_->name(); }

  void use_racy_sites(std::size_t count) override { search_->use_racy_sites(count); }
  bool begin_run(std::uint64_t run) override {
    fairness_.begin_run();
    const bool begun = search_->begin_run(run);
    search_wants_events_ = search_->event_kinds() != 0;
    return begun;
  }
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    if (!fairness_.anybody_rests() || choice.enabled.size() == 1) {
      return search_->pick_thread(choice);
    }
    return pick_in_order(choice);
  }
  unsigned pick_outcome(const engine::Operation& operation, unsigned count) override {
    return search_->pick_outcome(operation, count);
  }
  bool wants_every_step() const override { return search_->wants_every_step(); }
  bool wants_memory() const override { return search_->wants_memory(); }
  void on_allocate(engine::ThreadId thread, const void* start, std::size_t size) override {
    search_->on_allocate(thread, start, size);
  }
  std::uint64_t event_kinds() const override { return kNotOfLives; }
  void on_event(const engine::Event& event) override {
    fairness_.on_event(event);
    if (search_wants_events_) search_->on_event(event);
  }
  bool statistics(engine::SearchStatistics* to) const override { return search_->statistics(to); }
  void end_run(std::uint64_t steps) override { search_->end_run(steps); }
  void describe(engine::StrategyReport* report) const override { search_->describe(report); }

 private:
  [[gnu::noinline]] unsigned pick_in_order(const engine::ThreadChoice& choice) {
    engine::ThreadChoice ordered = fairness_.filter(choice);
    threads_.assign(ordered.enabled.begin(), ordered.enabled.end());
    indices_ = fairness_.indices();
    for (unsigned i = 0; i < choice.enabled.size(); ++i) {
      if (std::find(indices_.begin(), indices_.end(), i) != indices_.end()) continue;
      threads_.push_back(choice.enabled[i]);
      indices_.push_back(i);
    }
    ordered.enabled = threads_;
    return indices_[search_->pick_thread(ordered)];
  }

  std::unique_ptr<engine::Strategy> search_;
  bool search_wants_events_ = false;  // of this run
  Fairness fairness_;
  engine::SharedVector<engine::Thread*> threads_;
  engine::SharedVector<unsigned> indices_;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_fair_order(std::unique_ptr<engine::Strategy> search) {
  return std::make_unique<FairOrder>(std::move(search));
}

}  // namespace chicane::strategies
