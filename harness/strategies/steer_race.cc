// SPDX-License-Identifier: Apache-2.0
//
// Confirms a predicted race: whichever of its two threads comes to its access first is held back
// there, until the other one has come to its own or nobody else can go on. When both have arrived,
// they go on one after the other, and nothing lies between.
//
// In every other run the access is the one that was predicted, by its count; in the rest any at its
// place, as loops may turn more or less often in another order.
//
// Patience is bounded, as in steer.cc: who waits for the one held back may spin.
#include <algorithm>

#include "engine/engine.h"
#include "strategies/random_bits.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

using engine::OpKind;
using engine::PredictedRace;
using engine::Thread;

class SteerRace final : public engine::Strategy {
 public:
  SteerRace(std::uint64_t seed, const PredictedRace& race) : seed_(seed), race_(race) {}
  const char* name() const override { return "steer-race"; }

  bool begin_run(std::uint64_t run) override {
    bits_.seed(seed_ ^ 0x4aceu, run);
    patience_ = 64u << (3 * bits_.below(3));
    exact_ = run % 2 == 0;
    first_ = {&race_.first, 0};
    second_ = {&race_.second, 0};
    met_ = false;
    next_ = engine::kNoThread;
    return true;
  }

  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    const auto count = static_cast<unsigned>(choice.enabled.size());
    if (next_ != engine::kNoThread) return pick_next(choice);
    unsigned free = 0, picked = 0, arrived = 0;
    for (unsigned i = 0; i < count; ++i) {
      if (is_held_back(*choice.enabled[i])) {
        ++arrived;
      } else if (bits_.below(++free) == 0) {
        picked = i;
      }
    }
    if (arrived == 2) return meet(choice);
    if (free == 0) return bits_.below(count);
    if (arrived != 0) --patience_;
    return picked;
  }
  unsigned pick_outcome(const engine::Operation&, unsigned count) override {
    return bits_.below(count);
  }
  void on_event(const engine::Event& event) override {
    for (Role* role : {&first_, &second_}) {
      const bool same = event.thread == role->access->thread && is_access(event.kind) &&
                        as_number(event.site) == role->access->site;
      if (same) ++role->seen;
    }
  }

 private:
  struct Role {
    const PredictedRace::Access* access;
    std::uint32_t seen;  // accesses of its thread at its place so far
  };

  static std::uint64_t as_number(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
  }
  static bool is_access(OpKind kind) {
    return kind == OpKind::kRead || kind == OpKind::kWrite || kind == OpKind::kAtomicLoad ||
           kind == OpKind::kAtomicStore || kind == OpKind::kAtomicRmw || kind == OpKind::kAtomicCas;
  }

  bool stands_at(const Role& role, const Thread& thread) const {
    const engine::Operation& pending = thread.pending();
    return thread.id() == role.access->thread && is_access(pending.kind) &&
           as_number(pending.site) == role.access->site &&
           (!exact_ || role.seen + 1 == role.access->count);
  }
  bool is_held_back(const Thread& thread) const {
    return !met_ && patience_ != 0 && (stands_at(first_, thread) || stands_at(second_, thread));
  }

  /// Both stand before their accesses: in either order, and nobody between.
  unsigned meet(const engine::ThreadChoice& choice) {
    met_ = true;
    const bool swap = bits_.below(2) == 0;
    const engine::ThreadId now = (swap ? second_ : first_).access->thread;
    next_ = (swap ? first_ : second_).access->thread;
    return index_of(choice, now);
  }
  unsigned pick_next(const engine::ThreadChoice& choice) {
    const unsigned index = index_of(choice, next_);
    next_ = engine::kNoThread;
    return index;
  }
  static unsigned index_of(const engine::ThreadChoice& choice, engine::ThreadId thread) {
    const auto at = std::find_if(choice.enabled.begin(), choice.enabled.end(),
                                 [thread](const Thread* t) { return t->id() == thread; });
    return at == choice.enabled.end() ? 0 : static_cast<unsigned>(at - choice.enabled.begin());
  }

  std::uint64_t seed_;
  PredictedRace race_;
  RandomBits bits_;
  unsigned patience_ = 0;
  bool exact_ = true;
  Role first_{}, second_{};
  bool met_ = false;
  engine::ThreadId next_ = engine::kNoThread;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_steer_race(std::uint64_t seed, const PredictedRace& race) {
  return std::make_unique<SteerRace>(seed, race);
}

}  // namespace chicane::strategies
