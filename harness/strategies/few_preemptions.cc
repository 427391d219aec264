// SPDX-License-Identifier: Apache-2.0
//
// Stays with the running thread, except at one to four random choices of the run, where another
// takes over; when the running thread blocks, any may follow. Most bugs need very few preemptions,
// and their schedules are the easiest to read. Also: round-robin, which preempts at every choice.
#include <algorithm>

#include "strategies/random_bits.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

class FewPreemptions final : public engine::Strategy {
 public:
  explicit FewPreemptions(std::uint64_t seed) : seed_(seed) {}
  const char* name() const override { return "few-preemptions"; }

  bool begin_run(std::uint64_t run) override {
    bits_.seed(seed_ ^ 0xfe3u, run);
    choices_ = 0;
    const unsigned k = longest_ != 0 ? longest_ : 1u << (2 + bits_.below(8));
    point_count_ = 1 + bits_.below(kMaxPoints);
    for (unsigned i = 0; i < point_count_; ++i) points_[i] = 1 + bits_.below(k);
    return true;
  }
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    const unsigned count = static_cast<unsigned>(choice.enabled.size());
    ++choices_;
    if (choice.current_index < 0) return bits_.below(count);
    const unsigned current = static_cast<unsigned>(choice.current_index);
    const bool leave =
        std::find(points_, points_ + point_count_, choices_) != points_ + point_count_;
    if (!leave) return current;
    const unsigned other = bits_.below(count - 1);
    return other < current ? other : other + 1;
  }
  unsigned pick_outcome(const engine::Operation&, unsigned count) override {
    return bits_.below(count);
  }
  std::uint64_t event_kinds() const override { return 0; }
  void end_run(std::uint64_t) override { longest_ = std::max(longest_, choices_); }

 private:
  static constexpr unsigned kMaxPoints = 4;
  std::uint64_t seed_;
  RandomBits bits_;
  unsigned points_[kMaxPoints] = {};
  unsigned point_count_ = 0, choices_ = 0, longest_ = 0;
};

class RoundRobin final : public engine::Strategy {
 public:
  explicit RoundRobin(std::uint64_t seed) : seed_(seed) {}
  const char* name() const override { return "round-robin"; }
  bool begin_run(std::uint64_t run) override {
    bits_.seed(seed_ ^ 0x40bu, run);
    return true;
  }
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    for (unsigned i = 0; i < choice.enabled.size(); ++i) {
      if (choice.enabled[i]->id() > choice.current) return i;
    }
    return 0;
  }
  unsigned pick_outcome(const engine::Operation&, unsigned count) override {
    return bits_.below(count);
  }

 private:
  std::uint64_t seed_;
  RandomBits bits_;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_few_preemptions(std::uint64_t seed) {
  return std::make_unique<FewPreemptions>(seed);
}

std::unique_ptr<engine::Strategy> make_round_robin(std::uint64_t seed) {
  return std::make_unique<RoundRobin>(seed);
}

}  // namespace chicane::strategies
