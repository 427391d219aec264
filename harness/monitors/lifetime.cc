// SPDX-License-Identifier: Apache-2.0
//
// Locks whose life ends while somebody holds them, or waits for them. `std::mutex` has no
// destructor that anybody could watch; its memory has an end:
//
//   destroyed-in-use   a block is freed, and another thread holds a      sites destroy, locked
//                      lock in it
//                      ... or waits for something in it                  sites destroy, waits
//                      a function has returned, or a thread has ended,   site  locked
//                      and a lock among its variables is held
//   use-after-free     a lock or condition is used in a block that was  sites read, free
//                      freed, and not given out again
//
// The run ends there: what follows happens in memory that is something else.
//
// That a function has returned shows at the next lock, unlock or end of any thread: the frame that
// the lock was in when it was taken is no longer on its thread's stack.
//
// What a thread kept when it ended is a lock-leak (leak.cc), and who unlocks what it has freed uses
// freed memory: they are told as that.
//
// Only the first runs of a process are watched: the mistake shows in every run that has it, and a
// look at all threads at each free would be dear.
//
// Thread safety: engine context. Cost: in a watched run about 5 ns per thread at each lock and
// free, and 20 ns for each held lock on a stack.
#include <algorithm>
#include <array>
#include <string>

#include "engine/engine.h"
#include "monitors/event_mask.h"
#include "monitors/monitors.h"
#include "monitors/wording.h"

namespace chicane::monitors {
namespace {

using engine::Engine;
using engine::Event;
using engine::HeldLock;
using engine::OpKind;
using engine::Thread;
using engine::ThreadId;
using engine::Wants;

class LifetimeMonitor final : public engine::Monitor {
 public:
  Wants begin_run(Engine& engine) override {
    engine_ = &engine;
    count_ = 0;
    freed_count_ = 0;
    ending_ = false;
    constexpr std::uint64_t kEnds = event_mask(OpKind::kThreadExit);
    return {.events = is_watched() ? kUses | engine::kUnlockKinds | kEnds : 0,
            .memory = is_watched()};
  }
  void on_event(const Event& event) override {
    if (!is_watched()) return;
    look_at_frames();
    // Misuse of any kind is told to all.
    if (event.outcome != engine::Outcome::kDone) return;
    if (in_mask(event.kind, kUses)) look_for_freed(event);
    if (in_mask(event.kind, engine::kLockKinds)) {
      watch(event);
    } else if (in_mask(event.kind, engine::kUnlockKinds)) {
      forget(event.object);
    }
  }
  void on_allocate(ThreadId, const void* start, std::size_t size) override {
    for (std::size_t i = 0; i < std::min(freed_count_, freed_.size()); ++i) {
      if (freed_[i].overlaps(start, size)) freed_[i].size = 0;
    }
  }
  void on_free(ThreadId thread, const void* start, std::size_t size) override {
    const Freed freed{static_cast<const char*>(start), size, thread, engine_->last_site(),
                      engine_->step()};
    freed_[freed_count_++ % freed_.size()] = freed;
    const auto inside = [&freed](const void* object) { return freed.overlaps(object, 1); };
    for (const Thread* other : engine_->threads()) {
      if (other->finished() || other->id() == thread) continue;
      for (const HeldLock& lock : other->held()) {
        if (inside(lock.object)) report_freed(thread, *other, lock);
      }
      if (needs(other->pending()) && inside(other->pending().object)) {
        report_freed_under_waiter(thread, *other);
      }
    }
  }
  void end_run(engine::RunEnd) override {
    ending_ = true;
    if (is_watched()) look_at_frames();
    ++runs_;
  }

 private:
  static constexpr std::uint64_t kFirstRuns = 64;
  /// Whether the object has to live until the thread has gone on. Who has been woken, or let
  /// through, needs it no more: a condition may go as soon as all are notified.
  static bool needs(const engine::Operation& pending) {
    constexpr std::uint64_t kLocks = event_mask(OpKind::kLock, OpKind::kReadLock);
    constexpr std::uint64_t kWaits =
        event_mask(OpKind::kCondWake, OpKind::kSemWait, OpKind::kBarrier);
    if (in_mask(pending.kind, kLocks)) return true;
    return in_mask(pending.kind, kWaits) && !pending.is_ready();
  }
  static constexpr std::uint64_t kUses =
      engine::kLockKinds |
      event_mask(OpKind::kCondWait, OpKind::kCondSignal, OpKind::kCondBroadcast);

  struct Freed {
    const char* start;
    std::size_t size;  // 0: given out again
    ThreadId thread;
    const void* site;
    std::uint64_t step;

    bool overlaps(const void* other, std::size_t other_size) const {
      const char* at = static_cast<const char*>(other);
      return at < start + size && start < at + other_size;
    }
  };
  /// A held lock on a stack.
  struct OnStack {
    ThreadId holder;
    HeldLock lock;
    engine::Place place;  // when it was taken
  };

  bool is_watched() const { return runs_ < kFirstRuns; }

  void look_for_freed(const Event& event) {
    for (std::size_t i = 0; i < std::min(freed_count_, freed_.size()); ++i) {
      if (freed_[i].overlaps(event.object, 1)) return report_used(event, freed_[i]);
    }
  }

  void watch(const Event& event) {
    if (count_ == on_stacks_.size() || engine_->threads().size() > kMostThreads) return;
    const engine::Place place = engine_->locate(event.object);
    if (place.region != engine::Region::kStack || place.frame_base == 0) return;
    const Thread& holder = *engine_->threads()[event.thread];
    if (holder.held().empty()) return;
    on_stacks_[count_++] = {event.thread, holder.held().back(), place};
  }

  void forget(const void* lock) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (on_stacks_[i].lock.object != lock) continue;
      on_stacks_[i] = on_stacks_[--count_];
      return;
    }
  }

  void look_at_frames() {
    for (std::size_t i = 0; i < count_;) {
      const OnStack entry = on_stacks_[i];
      const engine::Place now = engine_->locate(entry.lock.object);
      const bool there =
          now.frame_base == entry.place.frame_base && now.frame_entry == entry.place.frame_entry;
      if (!there && is_held(entry)) report_returned(entry);
      if (there) {
        ++i;
      } else {
        on_stacks_[i] = on_stacks_[--count_];
      }
    }
  }

  /// Another thread may have unlocked it, wrongly: that is told as such.
  bool is_held(const OnStack& entry) const {
    const Thread& holder = *engine_->threads()[entry.holder];
    if (holder.finished()) return false;
    for (const HeldLock& lock : holder.held()) {
      if (lock.object == entry.lock.object) return true;
    }
    return false;
  }

  std::string name(ThreadId thread) const { return name_of(*engine_->threads()[thread]); }

  void report_freed(ThreadId thread, const Thread& holder, const HeldLock& lock) {
    engine::Finding* finding = engine_->report(
        "destroyed-in-use", name(thread) + " frees a lock that " + name_of(holder) + " holds",
        lock.object);
    engine_->add_site(finding, "destroy", thread, engine_->last_site(), true, 0, "", lock.object);
    add_locked(finding, holder.id(), lock);
    end_here(finding);
  }
  void report_freed_under_waiter(ThreadId thread, const Thread& waiter) {
    const engine::Operation& pending = waiter.pending();
    engine::Finding* finding = engine_->report(
        "destroyed-in-use", name(thread) + " frees what " + name_of(waiter) + " waits for",
        pending.object);
    engine_->add_site(finding, "destroy", thread, engine_->last_site(), true, 0, "",
                      pending.object);
    engine_->add_site(finding, "waits", waiter.id(), pending.site, true, 0, "", pending.object);
    end_here(finding);
  }
  void report_used(const Event& event, const Freed& freed) {
    engine::Finding* finding =
        engine_->report("use-after-free",
                        name(event.thread) + " uses " +
                            (in_mask(event.kind, engine::kLockKinds) ? "a lock" : "a condition") +
                            " in memory that was freed",
                        event.object);
    engine_->add_site(finding, "read", event.thread, event.site, true, 0, "", event.object);
    engine_->add_site(finding, "free", freed.thread, freed.site, false, freed.step);
    end_here(finding);
  }
  void report_returned(const OnStack& entry) {
    const bool own = entry.holder == entry.place.thread;
    engine::Finding* finding =
        engine_->report("destroyed-in-use",
                        name(entry.holder) + " holds a lock that was a variable of " +
                            (own ? std::string("its own") : name(entry.place.thread) + "'s") +
                            ", in a function that has returned",
                        entry.lock.object);
    add_locked(finding, entry.holder, entry.lock);
    end_here(finding);
  }
  /// What the program does from here on, it does with memory that is something else.
  void end_here(engine::Finding* finding) {
    if (ending_) return;
    if (finding != nullptr) finding->fatal = true;
    ending_ = true;
    engine_->end_run(engine::RunEnd::kFatal);
  }
  void add_locked(engine::Finding* finding, ThreadId holder, const HeldLock& lock) {
    engine_->add_site(finding, "locked", holder, lock.site, false, lock.step, "", lock.object);
  }

  static constexpr std::size_t kMostThreads = 64;
  Engine* engine_ = nullptr;
  std::uint64_t runs_ = 0;
  bool ending_ = false;
  std::array<OnStack, 16> on_stacks_;
  std::size_t count_ = 0;
  std::array<Freed, 64> freed_;  // a ring
  std::size_t freed_count_ = 0;
};

}  // namespace

std::unique_ptr<engine::Monitor> make_lifetime_monitor() {
  return std::make_unique<LifetimeMonitor>();
}

}  // namespace chicane::monitors
