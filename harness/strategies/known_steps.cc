// SPDX-License-Identifier: Apache-2.0
#include "strategies/known_steps.h"

#include <algorithm>
#include <utility>

namespace chicane::strategies {

void KnownSteps::clear() {
  for (const Slot& slot : slots_) {
    if (slot.key != 0) steps_.give_back(slot.step);
  }
  slots_.clear();
  hashes_.clear();
  count_ = 0;
  has_deadlines_ = false;
}

void KnownSteps::learn(const Trace& trace, std::uint32_t first) {
  hashes_.resize(trace.size());
  for (std::uint32_t i = first; i < trace.size(); ++i) {
    const TraceStep& step = trace.step(i);
    std::uint64_t past = 0;  // their order in the run does not matter
    trace.for_each_before(i, [&](std::uint32_t before) {
      past += mixed(hashes_[before], 2);
      return false;
    });
    std::uint64_t hash = mixed(mixed(step.tid + 1, step.number), past);
    for (const StepOutcome& outcome : trace.outcomes_of(i)) {
      hash = mixed(hash, outcome.chosen + 1);
    }
    hashes_[i] = hash;
    if (step.silent) continue;
    std::uint64_t key = key_of(trace, i);
    for (const StepOutcome& outcome : trace.outcomes_of(i)) {
      note(key, step, outcome.count);
      key = with_outcome(key, outcome.chosen);
    }
    note(key, step, 0);
    has_deadlines_ = has_deadlines_ || step.footprint.touches(kVirtualTime);
  }
}

std::uint64_t KnownSteps::key_of(const Trace& trace, std::uint32_t i) const {
  const TraceStep& step = trace.step(i);
  const auto own = trace.entries_of(i);
  return key_of(
      trace, step.tid, step.number, trace.origin(i), step.kind, step.footprint, step.own_accesses,
      [&](const Access&, unsigned entry) { return own[entry].before; },
      [i](std::uint32_t made) { return made != i; });
}

const Footprint* KnownSteps::find(std::uint64_t key) const {
  if (slots_.empty()) return nullptr;
  const Slot& slot = slots_[place_of(key)];
  return slot.key == key ? &steps_[slot.step].footprint : nullptr;
}

std::uint32_t KnownSteps::outcomes_after(std::uint64_t key) const {
  if (slots_.empty()) return 0;
  const Slot& slot = slots_[place_of(key)];
  return slot.key == key ? slot.outcomes : 0;
}

const Footprint* KnownSteps::find_constant(std::uint64_t key) const {
  return slots_.empty() || slots_[place_of(key)].varies ? nullptr : find(key);
}

std::size_t KnownSteps::place_of(std::uint64_t key) const {
  const std::size_t last = slots_.size() - 1;
  std::size_t place = (key >> 1) & last;
  while (slots_[place].key != 0 && slots_[place].key != key) place = (place + 1) & last;
  return place;
}

void KnownSteps::grow() {
  constexpr std::size_t kFew = 256;
  engine::SharedVector<Slot> slots(std::max(kFew, 2 * slots_.size()));
  slots_.swap(slots);
  for (const Slot& slot : slots) {
    if (slot.key != 0) slots_[place_of(slot.key)] = slot;
  }
}

/// Of several outcomes, what any of them touched.
void KnownSteps::note(std::uint64_t key, const TraceStep& step, std::uint32_t outcomes) {
  const Footprint& footprint = step.footprint;
  if (2 * (count_ + 1) > slots_.size()) {
    if (count_ >= kMost) return;
    grow();
  }
  Slot& slot = slots_[place_of(key)];
  if (slot.key == 0) {
    slot = {key, steps_.take({step.tid, &footprint, {}}), outcomes, false};
    ++count_;
    return;
  }
  if (steps_[slot.step].footprint == footprint) return;
  slot.varies = true;
  Footprint all = steps_[slot.step].footprint;
  all.add_all(footprint);
  steps_.give_back(std::exchange(slot.step, steps_.take({step.tid, &all, {}})));
}

}  // namespace chicane::strategies
