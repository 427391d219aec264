// SPDX-License-Identifier: Apache-2.0
#include "chicane/golang/sync.h"
#include "golang/core.h"

namespace chicane::golang {

namespace internal {

/// A thread in Cond::wait; on its stack. Its address is the edge from the signal that wakes it.
struct CondWaiter {
  bool woken = false;
  char edge = 0;
  CondWaiter* next = nullptr;
};

}  // namespace internal

using internal::CondWaiter;
using internal::Operation;
using internal::OpKind;
using internal::Outcome;
using internal::Section;

Cond::Cond(Mutex& lock) : mutex_(&lock) {}
Cond::Cond(RWMutex& lock) : rw_(&lock) {}

void Cond::begin(const Section& section) {
  if (generation_ == section.generation()) return;
  generation_ = section.generation();
  first_ = last_ = nullptr;
}

void Cond::wait() {
  const void* site = CHICANE_GOLANG_SITE();
  const void* lock = mutex_ != nullptr ? static_cast<const void*>(mutex_) : rw_;
  {
    Section section;
    CondWaiter waiter;
    begin(section);
    section.wait({OpKind::kCondWait, this, site});
    if (mutex_ != nullptr ? !mutex_->locked_ : !rw_->writing_) {
      section.emit(OpKind::kCondWait, Outcome::kWaitWithoutLock, this, site, 0, lock);
      section.fatal("sync: unlock of unlocked mutex");
    }
    (last_ != nullptr ? last_->next : first_) = &waiter;
    last_ = &waiter;
    section.emit(OpKind::kCondWait, Outcome::kDone, this, site, 0, lock);
    mutex_ != nullptr ? mutex_->release(section, site) : rw_->release(section, site);
    // From here on a signal counts; whoever wakes this waiter has taken it off the list.
    section.wait({OpKind::kCondWake, this, site,
                  [](const Operation& operation) {
                    return static_cast<const CondWaiter*>(operation.context)->woken;
                  },
                  &waiter});
    section.acquire(&waiter.edge);
    section.emit(OpKind::kCondWake, Outcome::kDone, this, site, 0, lock);
  }
  mutex_ != nullptr ? mutex_->lock_at(site) : rw_->lock_at(site);
}

void Cond::signal() { wake(CHICANE_GOLANG_SITE(), false); }
void Cond::broadcast() { wake(CHICANE_GOLANG_SITE(), true); }

void Cond::wake(const void* site, bool all) {
  const OpKind kind = all ? OpKind::kCondBroadcast : OpKind::kCondSignal;
  Section section;
  begin(section);
  section.wait({kind, this, site});
  std::uint64_t woken = 0;
  while (first_ != nullptr && (all || woken == 0)) {
    CondWaiter* waiter = first_;
    first_ = waiter->next;
    if (first_ == nullptr) last_ = nullptr;
    waiter->woken = true;
    section.release_store(&waiter->edge);
    ++woken;
  }
  section.emit(kind, Outcome::kDone, this, site, woken);
}

}  // namespace chicane::golang
