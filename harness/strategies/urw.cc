// SPDX-License-Identifier: Apache-2.0
//
// Uniform random walk (Zhao, Wolff, Mathur, Roychoudhury: "Selectively uniform concurrency
// testing", ASPLOS 2025). A plain random walk is uniform at each choice and therefore far from
// uniform over whole interleavings: it hardly ever lets a long thread end before a short one
// begins. Here a thread is chosen with a probability proportional to the number of operations that
// are left to it and to those that it has yet to create; with the right numbers, and no blocking,
// every interleaving is equally likely. With blocking each one's probability is at least that: the
// product, over all operations, of the share of its thread in all that is left to anybody.
//
// The numbers are the averages of the runs before (estimates.h); the first run is a plain walk. So
// that product is a bound as long as no run has differed from them. Otherwise, and where there are
// outcomes to be drawn, of which runs may differ in number, there is none: what is told then is how
// likely the least likely run was that was drawn.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "strategies/estimates.h"
#include "strategies/random_bits.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

using engine::OpKind;

class Urw final : public engine::Strategy {
 public:
  explicit Urw(std::uint64_t seed) : seed_(seed) {}
  const char* name() const override { return "urw"; }

  bool begin_run(std::uint64_t run) override {
    bits_.seed(seed_ ^ 0x0123u, run);
    estimates_.begin_run();
    left_.assign(1, static_cast<std::int64_t>(estimates_.total(engine::kMainThread, kAll)));
    all_left_ = left_[0];
    step_ = 0;
    bits_of_run_ = bits_of_all_ = 0;
    return true;
  }

  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    std::uint64_t sum = 0;
    for (const engine::Thread* thread : choice.enabled) sum += weight(thread->id());
    std::uint64_t ticket = bits_.below(sum);
    unsigned picked = 0;
    while (ticket >= weight(choice.enabled[picked]->id())) {
      ticket -= weight(choice.enabled[picked++]->id());
    }
    bits_of_run_ += std::log2(static_cast<double>(sum)) -
                    std::log2(static_cast<double>(weight(choice.enabled[picked]->id())));
    return picked;
  }
  unsigned pick_outcome(const engine::Operation&, unsigned count) override {
    bits_of_run_ += std::log2(count);
    drew_outcomes_ = true;
    return bits_.below(count);
  }

  void on_event(const engine::Event& event) override {
    const bool first_of_step = event.step != step_;
    step_ = event.step;
    if (first_of_step) count(event.thread);
    if (event.kind == OpKind::kThreadCreate) {
      const auto child = static_cast<engine::ThreadId>(event.value);
      estimates_.created(event.thread, child);
      const auto share = static_cast<std::int64_t>(estimates_.total(child, kAll));
      left(child) = share;
      left(event.thread) -= share;
    }
  }
  void end_run(std::uint64_t) override {
    if (estimates_.known()) {
      as_expected_ &= all_left_ == 0;
      most_bits_ = std::max(most_bits_, bits_of_run_);
      most_bits_of_all_ = std::max(most_bits_of_all_, bits_of_all_);
    }
    estimates_.end_run();
  }
  void describe(engine::StrategyReport* report) const override {
    if (most_bits_ == 0) return;
    if (!as_expected_ || drew_outcomes_) {
      std::snprintf(report->guarantee, sizeof report->guarantee,
                    "the least likely of the schedules drawn had a probability of %.3g",
                    std::exp2(-most_bits_));
      return;
    }
    report->bound = std::exp2(-most_bits_of_all_);
    std::snprintf(report->guarantee, sizeof report->guarantee,
                  "an interleaving of the operations seen had a probability of at least %.3g in "
                  "each schedule but the first of a job",
                  report->bound);
  }

 private:
  static constexpr Estimates::Sort kAll = 0;

  void count(engine::ThreadId thread) {
    bits_of_all_ += std::log2(static_cast<double>(std::max<std::int64_t>(1, all_left_))) -
                    std::log2(static_cast<double>(weight(thread)));
    estimates_.count(thread, kAll);
    as_expected_ &= left(thread) > 0 || !estimates_.known();
    --left(thread);
    --all_left_;
  }
  std::int64_t& left(engine::ThreadId id) {
    if (id >= left_.size()) left_.resize(id + 1, 0);
    return left_[id];
  }
  std::uint64_t weight(engine::ThreadId id) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(1, left(id)));
  }

  std::uint64_t seed_;
  RandomBits bits_;
  Estimates estimates_;
  engine::SharedVector<std::int64_t> left_;
  std::uint64_t step_ = 0;
  std::int64_t all_left_ = 0;  // to all threads
  // Of the run as it was drawn, and as if nothing ever blocked.
  double bits_of_run_ = 0, most_bits_ = 0, bits_of_all_ = 0, most_bits_of_all_ = 0;
  bool as_expected_ = true, drew_outcomes_ = false;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_urw(std::uint64_t seed) {
  return std::make_unique<Urw>(seed);
}

}  // namespace chicane::strategies
