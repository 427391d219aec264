// SPDX-License-Identifier: Apache-2.0
#include "strategies/dependency.h"

#include <algorithm>

namespace chicane::strategies {
namespace {

using engine::Operation;
using engine::OpKind;

/// The mode of an operation on its object; false when it touches none.
bool mode_of(OpKind kind, bool failed, Mode* mode) {
  switch (kind) {
    case OpKind::kThreadStart:
    case OpKind::kThreadExit:
    case OpKind::kThreadCreate:
    case OpKind::kThreadJoin:
    case OpKind::kThreadDetach:
    case OpKind::kFence:
    case OpKind::kYield:
    case OpKind::kPanic:
    case OpKind::kSleep:
    case OpKind::kClock:
      return false;
    case OpKind::kAtomicLoad:
    case OpKind::kWaitGroupWait:
    case OpKind::kRead:
    case OpKind::kStateRead:
      return *mode = Mode::kRead, true;
    case OpKind::kAtomicCas:
      return *mode = failed ? Mode::kRead : Mode::kWrite, true;
    case OpKind::kLock:
      return *mode = failed ? Mode::kWrite : Mode::kAcquire, true;
    case OpKind::kTryLock:
      return *mode = failed ? Mode::kRead : Mode::kAcquire, true;
    case OpKind::kReadLock:
      return *mode = failed ? Mode::kWrite : Mode::kShare, true;
    case OpKind::kTryReadLock:
      return *mode = failed ? Mode::kRead : Mode::kShare, true;
    case OpKind::kUnlock:
      return *mode = Mode::kRelease, true;
    case OpKind::kReadUnlock:
      return *mode = Mode::kUnshare, true;
    case OpKind::kCondWake:
      return *mode = Mode::kWoken, true;
    default:
      return *mode = Mode::kWrite, true;
  }
}

bool is_unknown(const Operation& operation) {
  return operation.object == nullptr || operation.kind == OpKind::kNotify;
}

/// Whether other operations on its object have effect when they are announced.
bool acts_on_announcements(const Operation& operation) {
  switch (operation.kind) {
    case OpKind::kLock:
    case OpKind::kTryLock:
    case OpKind::kReadLock:
    case OpKind::kTryReadLock:
      return operation.queues;
    case OpKind::kUnlock:
    case OpKind::kReadUnlock:
    case OpKind::kMutexDestroy:
    case OpKind::kCondWait:
    case OpKind::kCondWake:
    case OpKind::kCondSignal:
    case OpKind::kCondBroadcast:
    case OpKind::kAtomicLoad:
    case OpKind::kAtomicStore:
    case OpKind::kAtomicRmw:
    case OpKind::kAtomicCas:
    case OpKind::kRead:
    case OpKind::kStateRead:
    case OpKind::kStateWrite:
      return false;
    default:
      return true;
  }
}

void add_objects(const ObjectNames& names, const Operation& operation, Mode mode, Footprint* to) {
  if (operation.object != nullptr) to->add(names.name(operation.object), mode);
  if (operation.object_at == nullptr) return;
  for (unsigned i = 0; const void* object = operation.object_at(operation, i); ++i) {
    to->add(names.name(object), mode);
  }
}

void add_bytes(const ObjectNames& names, const Operation& operation, Mode mode, Footprint* to) {
  for (unsigned i = 0; i < std::max(1U, unsigned{operation.size}); ++i) {
    to->add(names.name(operation.object) + i, mode);
  }
}

/// Whether whom it waits for is told by something else than its object: a thread, a signal, time.
bool waits_elsewhere(OpKind kind) {
  return kind == OpKind::kThreadJoin || kind == OpKind::kCondWake || kind == OpKind::kSleep;
}

}  // namespace

bool Footprint::has(const Access& access) const {
  for (unsigned i = 0; i < size(); ++i) {
    if ((*this)[i] == access) return true;
  }
  return false;
}

void Footprint::add_unless_known(const Access& access) {
  if (has(access)) return;
  if (head_.size < kFew) {
    head_.few[head_.size] = access;
  } else {
    more_.push_back(access);
  }
  ++head_.size;
}

void Footprint::replace(ObjectKey object, Mode mode, Mode by) {
  for (unsigned i = 0; i < size(); ++i) {
    if (at(i) == Access{object, mode}) at(i).mode = by;
  }
  note_all();
}

void Footprint::write_what_is_read() {
  for (unsigned i = 0; i < size(); ++i) {
    if (at(i).mode == Mode::kRead) at(i).mode = Mode::kWrite;
  }
  note_all();
}

/// The filters are made anew: what is not changed after all would be taken to be.
void Footprint::note_all() {
  constexpr std::uint64_t kNoObjects = kAnyStep | kAnnouncements;
  head_.touched &= kNoObjects;
  head_.changed &= kNoObjects;
  for (unsigned i = 0; i < size(); ++i) note((*this)[i]);
}

void Footprint::add_all(const Footprint& other) {
  for (unsigned i = 0; i < other.size(); ++i) add(other[i].object, other[i].mode);
  if (other.everything()) add_everything();
  if (other.meets_announcements()) add_meets_announcements();
}

bool Footprint::has_other_conflict(const Footprint& other) const {
  for (unsigned i = 0; i < size(); ++i) {
    for (unsigned k = 0; k < other.size(); ++k) {
      const Access &a = (*this)[i], &b = other[k];
      if (a.object == b.object && conflict(a.mode, b.mode)) return true;
    }
  }
  return false;
}

bool touches_one_object(const Operation& operation) {
  switch (operation.kind) {
    case OpKind::kAtomicLoad:
    case OpKind::kAtomicStore:
    case OpKind::kAtomicRmw:
    case OpKind::kAtomicCas:
    case OpKind::kLock:
    case OpKind::kUnlock:
      return operation.object != nullptr && operation.deadline == engine::kNever;
    default:
      return false;
  }
}

void note_failure(OpKind kind, ObjectKey object, Footprint* of) {
  Mode succeeding, failing;
  if (mode_of(kind, false, &succeeding) && mode_of(kind, true, &failing)) {
    of->replace(object, succeeding, failing);
  }
}

void add_operation(const ObjectNames& names, const Operation& operation, bool by_timeout,
                   Footprint* to) {
  const OpKind kind = operation.kind;
  if (touches_one_object(operation)) [[likely]] {
    Mode its;
    mode_of(kind, false, &its);
    to->add(names.name(operation.object), its);
    if (acts_on_announcements(operation)) to->add_meets_announcements();
    return;
  }
  const bool timed = operation.deadline != engine::kNever || kind == OpKind::kClock;
  if (timed || kind == OpKind::kSleep || kind == OpKind::kTimer) {
    to->add(kVirtualTime, Mode::kWrite);
    to->add_meets_announcements();
  }
  Mode mode;
  if (!mode_of(kind, false, &mode)) return;
  if (kind == OpKind::kRead || kind == OpKind::kWrite) {
    add_bytes(names, operation, mode, to);
    if (kind == OpKind::kWrite) to->add_meets_announcements();
    return;
  }
  if (by_timeout || (timed && mode == Mode::kWoken)) mode = Mode::kWrite;
  add_objects(names, operation, mode, to);
  if (acts_on_announcements(operation)) to->add_meets_announcements();
  if (is_unknown(operation)) to->add(kUnknownObject, Mode::kWrite);
  if (kind == OpKind::kCondWait && operation.context != nullptr) {
    to->add(names.name(operation.context), Mode::kRelease);
  }
}

void add_announcement(const ObjectNames& names, const Operation& operation, Footprint* to) {
  if (operation.deadline != engine::kNever) {
    to->add(kVirtualTime, Mode::kWrite);
    to->add_meets_announcements();
  }
  if (operation.kind == OpKind::kWrite) {
    to->add_meets_announcements();
    add_bytes(names, operation, Mode::kRead, to);
    return;
  }
  if (operation.queues) {
    to->add_meets_announcements();
    add_objects(names, operation, Mode::kWrite, to);
    return;
  }
  if (!operation.can_block() || waits_elsewhere(operation.kind)) return;
  const bool lock = operation.kind == OpKind::kLock || operation.kind == OpKind::kReadLock;
  const bool timed = operation.deadline != engine::kNever;
  if ((lock && !timed) || is_counted(operation.kind, timed)) return;
  to->add_meets_announcements();
  add_objects(names, operation, Mode::kRead, to);
}

void add_event(const ObjectNames& names, const engine::Event& event, Footprint* to) {
  Mode mode;
  if (!mode_of(event.kind, false, &mode) || mode == Mode::kWoken) return;
  to->add(names.name(event.object), mode);
}

}  // namespace chicane::strategies
