// SPDX-License-Identifier: Apache-2.0
//
// Confirms a predicted lock cycle: a participant that holds its lock and is about to take the one
// that it wants is held back, until the other participants have come to the same point or nobody
// else can go on. When all have arrived, each one's wanted lock is held by another: a deadlock.
//
// A participant that holds no lock, but others wait for what it gives later, is held back alike:
// the others come to wait for it meanwhile.
//
// For a lock that is read twice the writer is let come when the reader stands at its first read,
// and the reader go on when the writer stands behind it.
//
// Patience is bounded, and random per run: a thread that spins until the one held back has gone on
// would otherwise spin to the step limit.
#include <algorithm>

#include "strategies/random_bits.h"
#include "strategies/strategies.h"

namespace chicane::strategies {

bool at_wanted_acquisition(const SteerRole& role, const engine::Operation& pending,
                           std::span<const engine::HeldLock> held) {
  if (pending.kind != engine::OpKind::kLock && pending.kind != engine::OpKind::kReadLock) {
    return false;
  }
  if (role.held == nullptr) return pending.object == role.wanted;
  for (const engine::HeldLock& lock : held) {
    if (pending.object == role.wanted && lock.object == role.held) return true;
    // Locks taken through a guard all have its constructor's site: that tells nothing.
    if (role.wanted_site == role.held_site) continue;
    if (pending.site == role.wanted_site && lock.site == role.held_site) return true;
  }
  return false;
}

namespace {

class Steer final : public engine::Strategy {
 public:
  Steer(std::uint64_t seed, std::vector<SteerRole> roles) : seed_(seed), roles_(std::move(roles)) {}
  const char* name() const override { return "steer"; }

  bool begin_run(std::uint64_t run) override {
    bits_.seed(seed_ ^ 0x57eeu, run);
    patience_ = 64u << (3 * bits_.below(3));
    return true;
  }
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    const unsigned count = static_cast<unsigned>(choice.enabled.size());
    // Reservoir sampling of the threads that are not held back: one pass, no memory.
    unsigned free = 0, picked = 0;
    for (unsigned i = 0; i < count; ++i) {
      if (patience_ != 0 && is_held_back(*choice.enabled[i], choice)) continue;
      if (bits_.below(++free) == 0) picked = i;
    }
    if (free == 0) return bits_.below(count);
    if (free != count) --patience_;
    return picked;
  }
  unsigned pick_outcome(const engine::Operation&, unsigned count) override {
    return bits_.below(count);
  }

 private:
  bool is_held_back(const engine::Thread& thread, const engine::ThreadChoice& choice) const {
    return std::any_of(roles_.begin(), roles_.end(), [&](const SteerRole& role) {
      return role.writer != engine::kNoThread
                 ? spoils_queue(role, thread, choice)
                 : at_wanted_acquisition(role, thread.pending(), thread.held());
    });
  }

  /// The writer is to queue behind the first read and before the second.
  static bool spoils_queue(const SteerRole& role, const engine::Thread& thread,
                           const engine::ThreadChoice& choice) {
    const auto somebody = [&](auto&& is) {
      return std::any_of(choice.enabled.begin(), choice.enabled.end(), is);
    };
    const auto reads = [&](const engine::Thread* t) {
      return stands_at(*t, engine::OpKind::kReadLock, role.wanted) && !holds(*t, role.wanted);
    };
    const auto writes = [&](const engine::Thread* t) {
      return t->id() == role.writer && stands_at(*t, engine::OpKind::kLock, role.wanted);
    };
    if (thread.id() == role.writer) return writes(&thread) == somebody(reads);
    return reads(&thread) && !somebody(writes);
  }
  static bool stands_at(const engine::Thread& thread, engine::OpKind kind, const void* object) {
    return thread.pending().kind == kind && thread.pending().object == object;
  }
  static bool holds(const engine::Thread& thread, const void* object) {
    const auto held = thread.held();
    return std::any_of(held.begin(), held.end(),
                       [&](const engine::HeldLock& lock) { return lock.object == object; });
  }

  std::uint64_t seed_;
  std::vector<SteerRole> roles_;
  RandomBits bits_;
  unsigned patience_ = 0;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_steer(std::uint64_t seed, std::vector<SteerRole> roles) {
  return std::make_unique<Steer>(seed, std::move(roles));
}

}  // namespace chicane::strategies
