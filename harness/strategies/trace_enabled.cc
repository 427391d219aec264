// SPDX-License-Identifier: Apache-2.0
//
// Whom a step lets go on, and by what: where virtual time matters, and where there are many threads
// or somebody waits for several objects.
#include <algorithm>

#include "strategies/trace.h"

namespace chicane::strategies {
namespace {

using engine::Operation;
using engine::OpKind;
using engine::Thread;

/// Of one that waits for several objects: whether it is by one of them, whatever the time.
bool is_ready_by_any(const Thread& thread) {
  Operation alone = thread.pending();
  alone.object_at = nullptr;
  for (unsigned i = 0; (alone.object = thread.pending().object_at(thread.pending(), i)) != nullptr;
       ++i) {
    if (alone.is_ready()) return true;
  }
  return false;
}

}  // namespace

/// For channels, until a deadline.
bool Trace::waits_in_time(const Operation& operation) {
  return operation.can_block() && operation.deadline != engine::kNever &&
         (operation.kind == OpKind::kSelect || operation.kind == OpKind::kRecv ||
          operation.kind == OpKind::kSend);
}

/// Who waits for channels until a deadline is ready from then on. Whether a channel makes it ready
/// besides, or no longer does, must not be a matter of the time, or of two steps one order would
/// depend and the other not.
void Trace::note_timed_channels(TraceStep& step) {
  if (step.footprint.touches(kVirtualTime)) return;
  for (std::uint32_t id = 0; id < step.threads; ++id) {
    const Thread& thread = *engine::Engine::instance().threads()[id];
    if (id == step.engine_id || thread.finished() || !waits_in_time(thread.pending())) continue;
    Footprint its;
    add_operation(names_, thread.pending(), false, &its);
    if (!its.depends_on(step.footprint)) continue;
    const bool several = thread.pending().object_at != nullptr;
    if (several && is_ready_by_any(thread) == was_ready_by_any(tids_[id])) continue;
    return step.footprint.add(kVirtualTime, Mode::kWrite);
  }
}

/// Before the last step, by one of its objects.
bool Trace::was_ready_by_any(Tid tid) const {
  for (std::size_t i = reasons_.size(); i-- > 0 && reasons_[i].step + 1 >= size_;) {
    if (reasons_[i].step + 1 == size_ && reasons_[i].tid == tid) return true;
  }
  return false;
}

// Of virtual time: as soon as a thread with a deadline becomes ready, the next deadline's turn has
// come.
void Trace::note_change(TraceStep& step, const Thread& thread) {
  const Operation& pending = thread.pending();
  if (!pending.can_block()) return;
  if (pending.kind != OpKind::kThreadJoin && pending.kind != OpKind::kCondWake) {
    Footprint its;
    add_operation(names_, pending, false, &its);
    if (!its.depends_on(step.footprint) && pending.kind != OpKind::kSleep) {
      step.footprint.add(names_.name(pending.object), Mode::kWrite);
    }
  }
  if (pending.deadline != engine::kNever) step.footprint.add(kVirtualTime, Mode::kWrite);
}

void Trace::note_many_enabled(std::span<Thread* const> enabled) {
  std::uint64_t* to = enabled_at(size_);
  std::fill_n(to, 2 * words_, 0);
  first_silent_ = -1;
  for (std::size_t i = enabled.size(); i-- > 0;) {
    const Thread& thread = *enabled[i];
    const engine::ThreadId id = thread.id();
    const std::uint64_t bit = std::uint64_t{1} << id % 64;
    to[id / 64] |= bit;
    if (thread.by_timeout()) to[words_ + id / 64] |= bit;
    if (is_silent(thread.pending())) first_silent_ = static_cast<int>(i);
  }
}

void Trace::note_reasons(std::span<Thread* const> enabled) {
  while (!reasons_.empty() && reasons_.back().step >= size_) reasons_.pop_back();
  for (const Thread* thread : enabled) {
    const Operation& pending = thread->pending();
    if (pending.object_at == nullptr || !pending.can_block()) continue;
    Operation alone = pending;
    alone.object_at = nullptr;
    for (unsigned i = 0; (alone.object = pending.object_at(pending, i)) != nullptr; ++i) {
      if (alone.is_ready())
        reasons_.push_back({size_, tids_[thread->id()], names_.name(alone.object)});
    }
  }
}

}  // namespace chicane::strategies
