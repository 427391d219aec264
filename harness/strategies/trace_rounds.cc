// SPDX-License-Identifier: Apache-2.0
//
// Threads that go round a loop in vain: of a run's steps, which ones see again what their thread
// has seen at that place before, with nothing done in between that others could notice.
#include "engine/shadow_stack.h"
#include "strategies/gates.h"
#include "strategies/mix.h"
#include "strategies/trace.h"

namespace chicane::strategies {
namespace {

using engine::OpKind;

// Steps of a thread from a place to the same place.
constexpr unsigned kLongestRound = 16;
// Of the calls that lead there; the depth tells the others apart.
constexpr int kFrames = 4;

/// Whether what it leaves in its object is a value that is told.
bool leaves_value(const TraceStep& step) {
  return step.kind == OpKind::kAtomicStore || step.kind == OpKind::kAtomicRmw ||
         (step.kind == OpKind::kAtomicCas && !step.failed);
}

}  // namespace

/// Where the running thread is about to do something: the last calls that led there.
std::uint64_t Trace::place_here(const void* site) {
  const engine::ShadowStack& stack = engine::g_shadow_stack;
  std::uint64_t place = mixed(reinterpret_cast<std::uintptr_t>(site),
                              static_cast<std::uint64_t>(stack.top - stack.base) + stack.beyond);
  const engine::CallFrame* frame = stack.top;
  for (int i = 0; i < kFrames && frame != stack.base; ++i) {
    place = mixed(place, reinterpret_cast<std::uintptr_t>((--frame)->call_site));
  }
  return place | 1;
}

/// Whether the object was left with the value that it had.
bool Trace::changed_nothing(std::uint32_t entry) const {
  const TraceStep& step = steps_[entries_[entry].step];
  const std::uint32_t before = entries_[entry].changed;
  if (!leaves_value(step) || step.first_entry != entry || before == kNone) return false;
  const TraceStep& last = steps_[entries_[before].step];
  return leaves_value(last) && last.first_entry == before && last.value == step.value;
}

/// The step that made the object what it was before that entry's; kNone: none.
std::uint32_t Trace::maker(std::uint32_t entry) const {
  std::uint32_t e = entries_[entry].changed;
  while (e != kNone && changed_nothing(e)) e = entries_[e].changed;
  return e != kNone ? entries_[e].step : kNone;
}

/// Whether step `i` left everything as it was.
bool Trace::is_idle(std::uint32_t i) const {
  const TraceStep& step = steps_[i];
  if (step.first_outcome != (i + 1 < size_ ? steps_[i + 1].first_outcome : outcomes_.size())) {
    return false;
  }
  for (unsigned k = step.own_accesses; k < step.footprint.size(); ++k) {
    const Access& access = step.footprint[k];
    const bool others_see = access.object != kVirtualTime && !is_gate(access.object);
    if (access.mode != Mode::kRead && others_see) return false;
  }
  switch (step.kind) {
    case OpKind::kYield:
    case OpKind::kFence:
    case OpKind::kSleep:
    case OpKind::kAtomicLoad:
    case OpKind::kRead:
      return true;
    case OpKind::kAtomicStore:
    case OpKind::kAtomicRmw:
      return !entries_of(i).empty() && changed_nothing(step.first_entry);
    case OpKind::kAtomicCas:
      return step.failed || (!entries_of(i).empty() && changed_nothing(step.first_entry));
    case OpKind::kTryLock:
    case OpKind::kTryReadLock:
      return step.failed;
    default:
      return false;
  }
}

/// Whether two steps of a thread do the same and find the same.
bool Trace::is_repeated(std::uint32_t i, std::uint32_t by) const {
  if (steps_[i].own_accesses != steps_[by].own_accesses) return false;
  for (std::uint32_t k = 0; k < steps_[i].own_accesses; ++k) {
    const std::uint32_t a = steps_[i].first_entry + k, b = steps_[by].first_entry + k;
    if (entries_[a].object != entries_[b].object || maker(a) != maker(b)) return false;
  }
  return true;
}

bool Trace::goes_round(std::uint32_t i) const {
  return is_idle(i) && (steps_[i].again || !may_poll(steps_[i].kind));
}

/// Step `i`, which has its entries, is one that may poll.
void Trace::note_round(std::uint32_t i) {
  const std::uint64_t place = place_of(i);
  TraceStep& step = steps_[i];
  bool all_again = true;  // of the steps between the two
  std::uint32_t at = step.previous;
  for (unsigned length = 0; at != kNone && length < kLongestRound; ++length) {
    const TraceStep& earlier = steps_[at];
    if (earlier.kind == step.kind && place_of(at) == place) {
      if (!is_repeated(at, i) || !is_idle(i)) return;
      step.again = true;
      if (all_again) step.rounds = earlier.rounds + 1;
      if (all_again && first_round_ == kNone) first_round_ = i;
      return;
    }
    if (!goes_round(at)) {
      if (!is_idle(at)) return;
      all_again = false;
    }
    at = earlier.previous;
  }
}

}  // namespace chicane::strategies
