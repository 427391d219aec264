// SPDX-License-Identifier: Apache-2.0
//
// Uniform random walk: at every choice each enabled thread, and each outcome, is equally likely.
#include "strategies/random_bits.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

class Random final : public engine::Strategy {
 public:
  explicit Random(std::uint64_t seed) : seed_(seed) {}
  const char* name() const override { return "random"; }
  bool begin_run(std::uint64_t run) override {
    bits_.seed(seed_, run);
    return true;
  }
  std::uint64_t event_kinds() const override { return 0; }
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    return bits_.below(static_cast<unsigned>(choice.enabled.size()));
  }
  unsigned pick_outcome(const engine::Operation&, unsigned count) override {
    return bits_.below(count);
  }

 private:
  std::uint64_t seed_;
  RandomBits bits_;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_random(std::uint64_t seed) {
  return std::make_unique<Random>(seed);
}

}  // namespace chicane::strategies
