// SPDX-License-Identifier: Apache-2.0
//
// What all samplers share: threads that only spin are left out of the choices (fairness.h), and
// what the runs did is counted (coverage.h). The strategy within never sees a thread that rests.
#include "strategies/fairness.h"
#include "strategies/parts.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

class Sampling final : public engine::Strategy, public Searching {
 public:
  Sampling(std::unique_ptr<Coverage> coverage, std::unique_ptr<engine::Strategy> sampler,
           std::uint64_t step_limit)
      : coverage_(std::move(coverage)), sampler_(std::move(sampler)), step_limit_(step_limit) {}
  const char* name() const override { return sampler_->name(); }

  void use_racy_sites(std::size_t count) override { sampler_->use_racy_sites(count); }
  bool begin_run(std::uint64_t run) override {
    fairness_.begin_run();
    coverage_->begin_run();
    return sampler_->begin_run(run);
  }
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    // A reduction knows which thread need not go on.
    if (!fairness_.anybody_rests() || sampler_->wants_every_step()) {
      return sampler_->pick_thread(choice);
    }
    const engine::ThreadChoice awake = fairness_.filter(choice);
    left_out_ |= awake.enabled.size() != choice.enabled.size();
    const unsigned picked = awake.enabled.size() == 1 ? 0 : sampler_->pick_thread(awake);
    return fairness_.indices()[picked];
  }
  unsigned pick_outcome(const engine::Operation& operation, unsigned count) override {
    return sampler_->pick_outcome(operation, count);
  }
  bool wants_every_step() const override { return sampler_->wants_every_step(); }
  bool wants_memory() const override { return sampler_->wants_memory(); }
  void on_allocate(engine::ThreadId thread, const void* start, std::size_t size) override {
    sampler_->on_allocate(thread, start, size);
  }
  Bounds bounds() const override {
    const Searching* searching = as_searching(*sampler_);
    Bounds its = searching != nullptr ? searching->bounds() : Bounds{};
    its.incomplete |= left_out_;
    return its;
  }
  bool reduced() const override {
    const Searching* searching = as_searching(*sampler_);
    return searching != nullptr && searching->reduced();
  }
  bool statistics(engine::SearchStatistics* to) const override {
    if (!sampler_->statistics(to)) return false;
    to->incomplete |= left_out_ && !reduced();
    return true;
  }
  void on_event(const engine::Event& event) override {
    fairness_.on_event(event);
    coverage_->on_event(event);
    if (sampler_->wants(event)) sampler_->on_event(event);
  }
  void end_run(std::uint64_t steps) override {
    left_out_ |= steps > step_limit_ || engine::Engine::instance().left_out_accesses();
    coverage_->end_run();
    sampler_->end_run(steps);
  }
  void describe(engine::StrategyReport* report) const override {
    coverage_->add_behaviours(&report->behaviours);
    report->more_behaviours |= !coverage_->is_complete();
    sampler_->describe(report);
    // What fairness left out is no loss where a reduction went through all without it.
    report->incomplete |= left_out_ && !reduced();
  }

 private:
  std::unique_ptr<Coverage> coverage_;
  std::unique_ptr<engine::Strategy> sampler_;
  Fairness fairness_;
  std::uint64_t step_limit_;
  bool left_out_ = false;  // choices of some run were not offered
};

}  // namespace

std::unique_ptr<engine::Strategy> make_sampling(std::unique_ptr<Coverage> coverage,
                                                std::unique_ptr<engine::Strategy> sampler,
                                                std::uint64_t step_limit) {
  return std::make_unique<Sampling>(std::move(coverage), std::move(sampler), step_limit);
}

}  // namespace chicane::strategies
