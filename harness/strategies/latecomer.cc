// SPDX-License-Identifier: Apache-2.0
//
// One thread comes too late, again and again: where it stands before a lock that is free, the
// others go first; when one of them has taken that lock, it has its turn, and finds the lock taken.
// A fair schedule for a lock that makes who waits come by and look (a barging one): whether it ever
// serves that thread, nothing but luck decides. The others take a random walk.
//
// The thread is another one in each run. It is held back as long as others can go on.
#include "strategies/random_bits.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

using engine::OpKind;

class Latecomer final : public engine::Strategy {
 public:
  explicit Latecomer(std::uint64_t seed) : seed_(seed) {}
  const char* name() const override { return "latecomer"; }

  bool begin_run(std::uint64_t run) override {
    bits_.seed(seed_ ^ 0x1a7eu, run);
    late_ = bits_.below(threads_);
    waits_for_ = nullptr;
    taken_ = false;
    return true;
  }
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    const auto count = static_cast<unsigned>(choice.enabled.size());
    unsigned late = count;
    for (unsigned i = 0; i < count; ++i) {
      const engine::ThreadId id = choice.enabled[i]->id();
      if (id == late_ && choice.enabled[i]->pending().kind == OpKind::kLock) late = i;
      if (id >= threads_) threads_ = id + 1;
    }
    if (late == count) return bits_.below(count);
    const void* lock = choice.enabled[late]->pending().object;
    if (lock != waits_for_) waits_for_ = lock, taken_ = false;
    if (taken_) return late;
    const unsigned other = bits_.below(count - 1);
    return other < late ? other : other + 1;
  }
  unsigned pick_outcome(const engine::Operation&, unsigned count) override {
    return bits_.below(count);
  }
  void on_event(const engine::Event& event) override {
    if (event.object != waits_for_ || event.outcome != engine::Outcome::kDone) return;
    const std::uint64_t kind = engine::bit_of(event.kind);
    if ((kind & engine::kLockKinds) != 0) taken_ = true;
    if ((kind & engine::kUnlockKinds) != 0) taken_ = false;
  }

 private:
  std::uint64_t seed_;
  RandomBits bits_;
  engine::ThreadId late_ = 0, threads_ = 2;  // the most that a run had a choice between
  const void* waits_for_ = nullptr;
  bool taken_ = false;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_latecomer(std::uint64_t seed) {
  return std::make_unique<Latecomer>(seed);
}

}  // namespace chicane::strategies
