// SPDX-License-Identifier: Apache-2.0
//
// Partial order sampling (Yuan, Yang, Gu: "Partial order aware concurrency sampling", CAV 2018).
// Every announced operation has a random priority, and always the highest enabled one takes effect;
// its thread's next operation draws anew, and so does every announced operation that conflicts with
// it. So each order of two conflicting operations that become possible together is as likely as the
// other, however many independent operations there are around: a random walk over partial orders,
// where the plain one is over schedules.
#include <algorithm>

#include "strategies/dependence.h"
#include "strategies/random_bits.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

class Pos final : public engine::Strategy {
 public:
  explicit Pos(std::uint64_t seed) : seed_(seed) { priorities_.reserve(64); }
  const char* name() const override { return "pos"; }

  bool begin_run(std::uint64_t run) override {
    bits_.seed(seed_ ^ 0x905u, run);
    priorities_.clear();
    step_ = 0;
    return true;
  }

  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    unsigned best = 0;
    for (unsigned i = 0; i < choice.enabled.size(); ++i) {
      std::uint64_t& priority = this->priority(choice.enabled[i]->id());
      if (priority == kUndrawn) priority = bits_.next() | 1;
      if (priority > this->priority(choice.enabled[best]->id())) best = i;
    }
    const engine::Operation& chosen = choice.enabled[best]->pending();
    for (engine::Thread* thread : choice.enabled) {
      if (conflict(thread->pending(), chosen)) priority(thread->id()) = kUndrawn;
    }
    priority(choice.enabled[best]->id()) = kUndrawn;
    return best;
  }
  unsigned pick_outcome(const engine::Operation&, unsigned count) override {
    return bits_.below(count);
  }
  // A thread that was alone, so that nobody was asked, has a new operation, too.
  void on_event(const engine::Event& event) override {
    if (event.step == step_) return;
    step_ = event.step;
    priority(event.thread) = kUndrawn;
  }

 private:
  static constexpr std::uint64_t kUndrawn = 0;

  std::uint64_t& priority(engine::ThreadId id) {
    if (id >= priorities_.size()) priorities_.resize(id + 1, kUndrawn);
    return priorities_[id];
  }

  std::uint64_t seed_;
  RandomBits bits_;
  engine::SharedVector<std::uint64_t> priorities_;
  std::uint64_t step_ = 0;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_pos(std::uint64_t seed) {
  return std::make_unique<Pos>(seed);
}

}  // namespace chicane::strategies
