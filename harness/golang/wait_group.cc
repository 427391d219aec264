// SPDX-License-Identifier: Apache-2.0
//
// WaitGroup and Once.
#include "chicane/golang/sync.h"
#include "golang/core.h"

namespace chicane::golang {

namespace internal {

/// A thread in WaitGroup::wait; on its stack.
struct GroupWaiter {
  const std::int64_t* counter;  // null once the group is gone: then this waits for ever
  std::uint32_t thread;
  const void* site;
  bool woken = false;
  GroupWaiter* next = nullptr;

  static bool may_return(const Operation& operation) {
    const auto* self = static_cast<const GroupWaiter*>(operation.context);
    // Once woken it stays woken: the counter may have left zero again.
    return self->woken || (self->counter != nullptr && *self->counter <= 0);
  }
};

}  // namespace internal

using internal::GroupWaiter;
using internal::Operation;
using internal::OpKind;
using internal::Outcome;
using internal::Section;

void WaitGroup::add(int delta) { add_at(delta, CHICANE_GOLANG_SITE()); }
void WaitGroup::done() { add_at(-1, CHICANE_GOLANG_SITE()); }
void WaitGroup::wait() { wait_at(CHICANE_GOLANG_SITE()); }

WaitGroup::~WaitGroup() {
  if (waiters_ == nullptr) return;
  Section section;
  if (generation_ != section.generation()) return;
  for (GroupWaiter* waiter = waiters_; waiter != nullptr; waiter = waiter->next) {
    waiter->counter = nullptr;
  }
}

void WaitGroup::begin(const Section& section) {
  if (generation_ == section.generation()) return;
  generation_ = section.generation();
  counter_ = 0;
  edge_ = {};
  waiters_ = nullptr;
}

void WaitGroup::add_at(int delta, const void* site) {
  Section section;
  begin(section);
  section.wait({OpKind::kWaitGroupAdd, this, site});
  if (delta < 0) edge_.release(section);
  // The waiter cannot be this thread, and has come before this add: nothing orders the add first.
  const GroupWaiter* victim = delta > 0 && counter_ == 0 ? waiters_ : nullptr;
  counter_ += delta;
  if (counter_ < 0) {
    section.emit(OpKind::kWaitGroupAdd, Outcome::kNegative, this, site,
                 static_cast<std::uint64_t>(counter_));
    internal::throw_panic("sync: negative WaitGroup counter", "negative-waitgroup");
  }
  if (counter_ == 0) {
    for (GroupWaiter* waiter = waiters_; waiter != nullptr; waiter = waiter->next) {
      waiter->woken = true;
    }
  }
  if (victim != nullptr) {
    section.emit(OpKind::kWaitGroupAdd, Outcome::kReused, this, site,
                 Section::as_value(victim->site), Section::as_other(victim->thread));
    return;
  }
  section.emit(OpKind::kWaitGroupAdd, Outcome::kDone, this, site,
               static_cast<std::uint64_t>(counter_));
}

void WaitGroup::wait_at(const void* site) {
  Section section;
  begin(section);
  GroupWaiter self{&counter_, section.thread(), site, false, waiters_};
  waiters_ = &self;
  section.wait({OpKind::kWaitGroupWait, this, site, &GroupWaiter::may_return, &self});
  if (self.counter == nullptr) return;  // woken, and gone before it could return
  GroupWaiter** link = &waiters_;
  while (*link != nullptr && *link != &self) link = &(*link)->next;
  if (*link == &self) *link = self.next;
  edge_.acquire(section);
  section.emit(OpKind::kWaitGroupWait, Outcome::kDone, this, site,
               static_cast<std::uint64_t>(counter_));
}

namespace {
constexpr std::uint8_t kRunning = 1;
constexpr std::uint8_t kOver = 2;
}  // namespace

void Once::reset(const Section& section) {
  if (generation_ == section.generation()) return;
  generation_ = section.generation();
  state_ = 0;
  edge_ = {};
}

bool Once::begin() {
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  reset(section);
  section.wait({OpKind::kOnce, this, site, [](const Operation& operation) {
                  return static_cast<const Once*>(operation.object)->state_ != kRunning;
                }});
  const bool first = state_ != kOver;
  if (first) {
    state_ = kRunning;
  } else {
    edge_.acquire(section);
  }
  section.emit(OpKind::kOnce, Outcome::kDone, this, site, first ? 1 : 0);
  return first;
}

void Once::end() {
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  section.wait({OpKind::kOnceDone, this, site});
  state_ = kOver;
  edge_.release(section);
  section.emit(OpKind::kOnceDone, Outcome::kDone, this, site);
}

}  // namespace chicane::golang
