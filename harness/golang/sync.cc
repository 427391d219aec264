// SPDX-License-Identifier: Apache-2.0
//
// Mutex and RWMutex. The state machines are the tables of sync.h, line for line.
#include "chicane/golang/sync.h"

#include "golang/core.h"

namespace chicane::golang {

using internal::Operation;
using internal::OpKind;
using internal::Outcome;
using internal::Section;

namespace internal {

void Edge::acquire(Section& section) const {
  if (used) section.acquire(this);
}

void Edge::release(Section& section) {
  if (used) {
    section.release(this);
  } else {
    section.release_store(this);
  }
  used = true;
}

namespace {
/// So that another lock at the same address is another lock.
void mutex_destroyed(const void* mutex, const void* site) {
  if (Engine* engine = Engine::active()) {
    engine->emit(OpKind::kMutexDestroy, Outcome::kDone, mutex, site);
  }
}
}  // namespace

}  // namespace internal

// ---- Mutex ----

namespace internal {

/// A thread that is in lock; on its stack. The list begins with the last that came.
struct MutexWaiter {
  Mutex* mutex;
  MutexWaiter* next;
  // Of mode kBarging: it has found the lock taken and sleeps; it was woken since.
  bool parked = false, woken = false;
  // How often it was woken, and another had come by. After that many hand-overs, each of which gave
  // it its turn, nothing bounds how many follow.
  unsigned in_vain = 0;
  static constexpr unsigned kStarved = 10;

  explicit MutexWaiter(Mutex* m) : mutex(m), next(m->waiters_) { m->waiters_ = this; }
  MutexWaiter(const MutexWaiter&) = delete;
  ~MutexWaiter() {
    MutexWaiter** link = &mutex->waiters_;
    while (*link != nullptr && *link != this) link = &(*link)->next;
    if (*link == this) *link = next;
  }
  static bool may_lock(const Operation& operation) {
    const auto* self = static_cast<const MutexWaiter*>(operation.context);
    return self->mutex != nullptr && self->mutex->is_free_for(self);
  }
  /// After an unlock in mode kBarging: the first that sleeps, unless one is awake already.
  static void wake_first(Mutex* mutex) {
    MutexWaiter* first = nullptr;
    for (MutexWaiter* waiter = mutex->waiters_; waiter != nullptr; waiter = waiter->next) {
      if (waiter->woken) return;
      if (waiter->parked) first = waiter;
    }
    if (first == nullptr) return;
    first->parked = false;
    first->woken = true;
  }
  static void abandon(Mutex* mutex) {
    for (MutexWaiter* waiter = mutex->waiters_; waiter != nullptr; waiter = waiter->next) {
      waiter->mutex = nullptr;  // its memory will be something else
    }
  }
};

}  // namespace internal

Mutex::~Mutex() {
  internal::mutex_destroyed(this, CHICANE_GOLANG_SITE());
  if (waiters_ == nullptr) return;
  Section section;
  if (generation_ == section.generation()) internal::MutexWaiter::abandon(this);
}

void Mutex::begin(const Section& section) {
  if (generation_ == section.generation()) return;
  generation_ = section.generation();
  locked_ = was_locked_ = false;
  edge_ = {};
  waiters_ = nullptr;
}

void Mutex::take(Section& section) {
  locked_ = was_locked_ = true;
  owner_ = section.thread();
  edge_.acquire(section);
}

// Whether `waiter` has something to do: with kBarging it comes to look, and may find it locked.
bool Mutex::is_free_for(const internal::MutexWaiter* waiter) const {
  switch (mode_) {
    case MutexMode::kBarging:
      return !waiter->parked;
    case MutexMode::kHandOff:
      return !locked_ && waiter->next == nullptr;
    case MutexMode::kAny:
    case MutexMode::kSpinning:
      break;
  }
  return !locked_;
}

void Mutex::lock() { lock_at(CHICANE_GOLANG_SITE()); }

void Mutex::lock_at(const void* site) {
  if (mode_ == MutexMode::kSpinning) return spin(site);
  Section section;
  begin(section);
  wait_for_turn(section, site);
  take(section);
  section.emit(OpKind::kLock, Outcome::kDone, this, site);
}

void Mutex::wait_for_turn(Section& section, const void* site) {
  internal::MutexWaiter waiter(this);
  const Operation lock{.kind = OpKind::kLock,
                       .object = this,
                       .site = site,
                       .ready = &internal::MutexWaiter::may_lock,
                       .context = &waiter,
                       .queues = mode_ != MutexMode::kAny};
  for (;;) {
    section.wait(lock);
    if (!locked_) return;
    // Only with kBarging.
    section.emit(OpKind::kLock, Outcome::kWouldBlock, this, site);
    if (waiter.woken && ++waiter.in_vain == internal::MutexWaiter::kStarved) {
      section.starved(this, site, owner_, waiter.in_vain);
    }
    waiter.parked = true;
    waiter.woken = false;
  }
}

void Mutex::spin(const void* site) {
  for (;;) {
    Section section;
    begin(section);
    section.wait({OpKind::kTryLock, this, site});
    if (!locked_) {
      take(section);
      section.emit(OpKind::kTryLock, Outcome::kDone, this, site);
      return;
    }
    section.emit(OpKind::kTryLock, Outcome::kWouldBlock, this, site);
  }
}

bool Mutex::try_lock() {
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  begin(section);
  section.wait({.kind = OpKind::kTryLock,
                .object = this,
                .site = site,
                .queues = mode_ == MutexMode::kHandOff});
  const bool reserved = mode_ == MutexMode::kHandOff && waiters_ != nullptr;
  const bool free = !locked_ && !reserved;
  if (free) take(section);
  section.emit(OpKind::kTryLock, free ? Outcome::kDone : Outcome::kWouldBlock, this, site);
  return free;
}

void Mutex::unlock() {
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  begin(section);
  section.wait({OpKind::kUnlock, this, site});
  release(section, site);
}

void Mutex::release(Section& section, const void* site) {
  if (!locked_) {
    // The earlier unlock's place says who was first.
    section.emit(OpKind::kUnlock, was_locked_ ? Outcome::kDoubleUnlock : Outcome::kNotLocked, this,
                 site, Section::as_value(last_unlock_site_),
                 was_locked_ ? Section::as_other(last_unlocker_) : nullptr);
    section.fatal("sync: unlock of unlocked mutex");
  }
  last_unlock_site_ = site;
  last_unlocker_ = section.thread();
  locked_ = false;
  if (mode_ == MutexMode::kBarging) internal::MutexWaiter::wake_first(this);
  edge_.release(section);
  section.emit(OpKind::kUnlock, Outcome::kDone, this, site);
  section.unheld_by(owner_, this);
}

// ---- RWMutex ----

namespace internal {

/// A thread that is in lock or lock_shared; on its stack.
struct RWWaiter {
  RWMutex* mutex;
  bool writes;
  std::uint64_t ticket;  // the order of arrival
  RWWaiter* next;

  RWWaiter(RWMutex* m, bool w) : mutex(m), writes(w), ticket(++m->tickets_), next(m->waiters_) {
    m->waiters_ = this;
  }
  RWWaiter(const RWWaiter&) = delete;
  ~RWWaiter() {
    RWWaiter** link = &mutex->waiters_;
    while (*link != nullptr && *link != this) link = &(*link)->next;
    if (*link == this) *link = next;
  }

  static bool may_write(const Operation& operation) {
    const RWMutex* mutex = static_cast<const RWWaiter*>(operation.context)->mutex;
    return mutex != nullptr && !mutex->writing_ && mutex->readers_ == 0;
  }
  static bool may_read(const Operation& operation) {
    const auto* self = static_cast<const RWWaiter*>(operation.context);
    const RWMutex* mutex = self->mutex;
    return mutex != nullptr && !mutex->writing_ && !writer_before(mutex, self->ticket);
  }
  /// Whether a writer waits that came before `ticket`.
  static bool writer_before(const RWMutex* mutex, std::uint64_t ticket) {
    for (const RWWaiter* waiter = mutex->waiters_; waiter != nullptr; waiter = waiter->next) {
      if (waiter->writes && waiter->ticket < ticket) return true;
    }
    return false;
  }
  static void abandon(RWMutex* mutex) {
    for (RWWaiter* waiter = mutex->waiters_; waiter != nullptr; waiter = waiter->next) {
      waiter->mutex = nullptr;
    }
  }
  /// Readers that wait while a writer unlocks are before every writer that waits.
  static void admit_readers(RWMutex* mutex) {
    for (RWWaiter* waiter = mutex->waiters_; waiter != nullptr; waiter = waiter->next) {
      if (!waiter->writes) waiter->ticket = 0;
    }
  }
};

}  // namespace internal

using internal::RWWaiter;

RWMutex::~RWMutex() {
  internal::mutex_destroyed(this, CHICANE_GOLANG_SITE());
  if (waiters_ == nullptr) return;
  Section section;
  if (generation_ == section.generation()) RWWaiter::abandon(this);
}

void RWMutex::begin(const Section& section) {
  if (generation_ == section.generation()) return;
  generation_ = section.generation();
  writing_ = was_locked_ = was_read_locked_ = false;
  readers_ = 0;
  written_ = read_ = {};
  waiters_ = nullptr;
}

void RWMutex::take(Section& section) {
  writing_ = was_locked_ = true;
  owner_ = section.thread();
  written_.acquire(section);
  read_.acquire(section);
}

void RWMutex::take_shared(Section& section) {
  ++readers_;
  was_read_locked_ = true;
  written_.acquire(section);
}

void RWMutex::lock() { lock_at(CHICANE_GOLANG_SITE()); }

void RWMutex::lock_at(const void* site) {
  Section section;
  begin(section);
  RWWaiter waiter(this, true);
  section.wait({.kind = OpKind::kLock,
                .object = this,
                .site = site,
                .ready = &RWWaiter::may_write,
                .context = &waiter,
                .queues = true});
  take(section);
  section.emit(OpKind::kLock, Outcome::kDone, this, site);
}

void RWMutex::lock_shared() {
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  begin(section);
  RWWaiter waiter(this, false);
  section.wait({.kind = OpKind::kReadLock,
                .object = this,
                .site = site,
                .ready = &RWWaiter::may_read,
                .context = &waiter,
                .queues = true});
  take_shared(section);
  section.emit(OpKind::kReadLock, Outcome::kDone, this, site, readers_);
}

bool RWMutex::try_lock() {
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  begin(section);
  section.wait({OpKind::kTryLock, this, site});
  const bool free = !writing_ && readers_ == 0;
  if (free) take(section);
  section.emit(OpKind::kTryLock, free ? Outcome::kDone : Outcome::kWouldBlock, this, site);
  return free;
}

bool RWMutex::try_lock_shared() {
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  begin(section);
  section.wait({OpKind::kTryReadLock, this, site});
  const bool free = !writing_ && !RWWaiter::writer_before(this, tickets_ + 1);
  if (free) take_shared(section);
  section.emit(OpKind::kTryReadLock, free ? Outcome::kDone : Outcome::kWouldBlock, this, site);
  return free;
}

void RWMutex::unlock() {
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  begin(section);
  section.wait({OpKind::kUnlock, this, site});
  release(section, site);
}

void RWMutex::release(Section& section, const void* site) {
  if (!writing_) {
    section.emit(OpKind::kUnlock, was_locked_ ? Outcome::kDoubleUnlock : Outcome::kNotLocked, this,
                 site);
    section.fatal("sync: Unlock of unlocked RWMutex");
  }
  writing_ = false;
  RWWaiter::admit_readers(this);
  written_.release(section);
  section.emit(OpKind::kUnlock, Outcome::kDone, this, site);
  section.unheld_by(owner_, this);
}

void RWMutex::unlock_shared() {
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  begin(section);
  section.wait({OpKind::kReadUnlock, this, site});
  if (readers_ == 0) {
    section.emit(OpKind::kReadUnlock,
                 was_read_locked_ ? Outcome::kDoubleUnlock : Outcome::kNotLocked, this, site);
    section.fatal("sync: RUnlock of unlocked RWMutex");
  }
  --readers_;
  read_.release(section);
  section.emit(OpKind::kReadUnlock, Outcome::kDone, this, site, readers_);
}

}  // namespace chicane::golang
